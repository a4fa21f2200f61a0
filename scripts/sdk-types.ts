import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import * as z from 'zod'
import { Key, KeyCreated, Me, Project } from '../workers/contract/api.ts'
import { IngestAnswer, Receipt } from '../workers/contract/batch.ts'
import { Budget } from '../workers/contract/budget.ts'
import { EventInput } from '../workers/contract/event.ts'
import { Export } from '../workers/contract/export.ts'
import { ReserveAnswer, SettleAnswer, SettleRequest, Work } from '../workers/contract/guard.ts'
import { LiveMessage } from '../workers/contract/live.ts'
import { OutcomeInput } from '../workers/contract/outcome.ts'
import { Problem } from '../workers/contract/problem.ts'
import { inRoot } from './runtime/paths.ts'

/** The types of the contract that the SDK and its command line are written in. */
export const SDK_TYPES = inRoot('sdk/src/contract.ts')

const SENT: Record<string, z.ZodType> = {
  AgentEvent: EventInput,
  Outcome: OutcomeInput,
  Work,
  SettleRequest,
}
const ANSWERED: Record<string, z.ZodType> = {
  IngestAnswer,
  ReserveAnswer,
  SettleAnswer,
  Problem,
  Receipt,
  LiveMessage,
  Key,
  KeyCreated,
  Budget,
  Export,
  Project,
  Me,
}

interface Schema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  description?: string
}

/** The text of `sdk/src/contract.ts`: the zod schemas as plain types, so that the package needs neither zod nor us. */
export async function sdkTypes(): Promise<string> {
  const declare = (io: 'input' | 'output') =>
    function declaration([name, schema]: [string, z.ZodType]): string {
      const json = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as Schema
      return `export type ${name} = ${typeOf(json)}\n`
    }
  const text = [
    '// Written by `npm run types` from workers/contract; `npm run check` compares. Do not edit.\n',
    ...Object.entries(SENT).map(declare('input')),
    ...Object.entries(ANSWERED).map(declare('output')),
  ].join('\n')
  return format(text, { ...(await resolveConfig(SDK_TYPES)), parser: 'typescript' })
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const union = schema.anyOf ?? schema.oneOf
  if (union) return unionOf([...new Set(union.map(typeOf))])
  if (Array.isArray(schema.type)) return unionOf(schema.type.map((type) => typeOf({ ...schema, type })))
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part)})`).join(' & ')
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'array':
      return `(${schema.items ? typeOf(schema.items) : 'unknown'})[]`
    case 'object':
      return objectType(schema)
    default:
      return 'unknown'
  }
}

function unionOf(types: string[]): string {
  return types.includes('unknown') ? 'unknown' : types.map((type) => `(${type})`).join(' | ')
}

/** Fields that the schema does not name are left out of the type, so that a misspelt one is found by the compiler. */
function objectType({ properties, required = [], additionalProperties }: Schema): string {
  if (properties === undefined)
    return `Record<string, ${typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown'}>`
  const fields = Object.entries(properties).map(([name, schema]) => {
    const note = schema.description === undefined ? '' : `/** ${schema.description.replaceAll('*/', '*\\/')} */\n`
    return `${note}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`
  })
  return `{\n${fields.join('\n')}\n}`
}

/** Writes the types, or with `check` compares them. */
export async function writeSdkTypes(check: boolean): Promise<{ ok: boolean; output: string }> {
  const text = await sdkTypes()
  if (!check) writeFileSync(SDK_TYPES, text)
  const ok = readFileSync(SDK_TYPES, 'utf8') === text
  return { ok, output: ok ? '' : 'sdk/src/contract.ts differs from workers/contract: run npm run types' }
}
