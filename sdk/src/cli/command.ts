import type { ParseArgsConfig } from 'node:util'
import { Api } from './api.ts'
import { accountOf } from './config.ts'
import { usageError } from './failure.ts'
import type { Output } from './output.ts'

export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

export interface Call {
  values: Values
  positionals: string[]
  out: Output
  env: Record<string, string | undefined>
}

export interface Command {
  /** Beneath `agentops <name>`. */
  usage: string
  summary: string
  /** What `--help` says of it. */
  help: string
  options: NonNullable<ParseArgsConfig['options']>
  run(call: Call): Promise<void>
}

/** Options that every command takes. */
export const COMMON: Command['options'] = {
  url: { type: 'string' },
  org: { type: 'string' },
  project: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

export function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function required(values: Values, name: string): string {
  const value = text(values, name)
  if (value === undefined) throw usageError(`--${name} is needed.`)
  return value
}

export function texts(values: Values, name: string): string[] {
  const value = values[name]
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')
}

export function apiOf({ values, env }: Call): Api {
  const given = { url: text(values, 'url'), org: text(values, 'org'), project: text(values, 'project') }
  return new Api(accountOf(env, given))
}
