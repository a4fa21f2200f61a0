import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CliError } from './failure.ts'

/** Where to call, as whom, and about what. */
export interface Account {
  url: string
  key?: string
  /** Of a session that `login --email` opened. */
  cookie?: string
  org?: string
  project?: string
}

type Environment = Record<string, string | undefined>

export function configFile(env: Environment): string {
  return env['AGENTOPS_CONFIG'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'agentops', 'config.json')
}

/** Readable by nobody else: it holds a key or a session. */
export function saveAccount(file: string, account: Account): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(account, null, 2)}\n`, { mode: 0o600 })
  // The mode above is for new files only.
  chmodSync(file, 0o600)
}

export function forgetAccount(file: string): void {
  rmSync(file, { force: true })
}

function savedAccount(file: string): Partial<Account> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return {}
  }
  try {
    return JSON.parse(text) as Partial<Account>
  } catch {
    throw new CliError(`${file} is not JSON: remove it and run agentops login.`)
  }
}

/**
 * Options, then the environment, then what `login` kept, each alone. What was kept for one server is never sent to
 * another.
 */
export function accountOf(env: Environment, given: { url?: string; org?: string; project?: string }): Account {
  const saved = savedAccount(configFile(env))
  const url = withoutSlash(given.url ?? env['AGENTOPS_URL'] ?? saved.url ?? 'http://localhost:8787')
  const kept: Partial<Account> = saved.url !== undefined && withoutSlash(saved.url) === url ? saved : {}
  const key = env['AGENTOPS_KEY'] || kept.key
  const org = given.org ?? env['AGENTOPS_ORG'] ?? kept.org
  const project = given.project ?? env['AGENTOPS_PROJECT'] ?? kept.project
  return {
    url,
    ...(key ? { key } : kept.cookie !== undefined && { cookie: kept.cookie }),
    ...(org !== undefined && { org }),
    ...(project !== undefined && { project }),
  }
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, '')
