import type { Key, KeyCreated } from '../contract.ts'
import { apiOf, required, text, texts, type Call, type Command } from './command.ts'
import { usageError } from './failure.ts'

export const keys: Command = {
  usage: '[list | create | rotate KEY | revoke KEY]',
  summary: 'API keys of a project',
  help: `  list                 the keys, without their secrets
  create --name NAME --scope ingest [--scope guard …] [--expires RFC3339] [--environment NAME]
                       make a key; it is shown this once
  rotate KEY [--overlap HOURS]
                       make a key in its place; the old one works on for 24 hours unless you say otherwise
  revoke KEY           end it, everywhere within a minute

Changes need a session: agentops login --email ADDRESS.`,
  options: {
    name: { type: 'string' },
    scope: { type: 'string', multiple: true },
    expires: { type: 'string' },
    environment: { type: 'string' },
    overlap: { type: 'string' },
  },
  async run(call) {
    const [verb = 'list', id, ...more] = call.positionals
    const action = ACTIONS[verb]
    if (action === undefined || more.length > 0) throw usageError(`agentops keys ${keys.usage}, not "${verb}".`)
    if ((verb === 'rotate' || verb === 'revoke') !== (id !== undefined)) throw usageError(`agentops keys ${keys.usage}`)
    const api = apiOf(call)
    await action(call, `/api/v1/projects/${await api.project()}/keys`, id ?? '')
  },
}

const ACTIONS: Record<string, (call: Call, path: string, id: string) => Promise<void>> = {
  list,
  create,
  rotate,
  revoke,
}

async function list(call: Call, path: string): Promise<void> {
  const { data } = await apiOf(call).json<{ data: Key[] }>('GET', path)
  if (call.out.isJson) return data.forEach((key) => call.out.json(key))
  call.out.table(
    ['id', 'name', 'scopes', 'ends with', 'created', 'last used', 'state'],
    data.map((key) => [
      key.id,
      key.name,
      key.scopes.join(','),
      key.hint,
      key.created_at.slice(0, 10),
      key.last_used_at?.slice(0, 10) ?? 'never',
      stateOf(key),
    ]),
  )
}

function stateOf({ revoked_at, expires_at, rotated_to }: Key): string {
  if (revoked_at !== null) return 'revoked'
  if (rotated_to !== null) return `rotated to ${rotated_to}`
  return expires_at === null ? 'valid' : `until ${expires_at}`
}

async function create(call: Call, path: string): Promise<void> {
  const { values } = call
  const scopes = texts(values, 'scope')
  if (scopes.length === 0)
    throw usageError('--scope is needed: ingest, guard, read or admin; several times for several.')
  const made = await apiOf(call).json<KeyCreated>('POST', path, {
    name: required(values, 'name'),
    scopes,
    expires_at: text(values, 'expires'),
    environment: text(values, 'environment'),
  })
  shown(call, made)
}

async function rotate(call: Call, path: string, id: string): Promise<void> {
  const overlap = text(call.values, 'overlap')
  if (overlap !== undefined && !/^\d+(\.\d+)?$/.test(overlap)) throw usageError('--overlap must be hours.')
  const body = overlap === undefined ? {} : { overlap_hours: Number(overlap) }
  shown(call, await apiOf(call).json<KeyCreated>('POST', `${path}/${encodeURIComponent(id)}/rotate`, body))
}

function shown({ out }: Call, made: KeyCreated): void {
  if (out.isJson) return out.json(made)
  out.note(`${made.id}, ${made.name} (${made.scopes.join(', ')}). Shown this once:`)
  out.line(made.key)
}

async function revoke(call: Call, path: string, id: string): Promise<void> {
  const revoked = await apiOf(call).json<Key>('DELETE', `${path}/${encodeURIComponent(id)}`)
  if (call.out.isJson) call.out.json(revoked)
  else call.out.line(`${revoked.id}, ${revoked.name}, is revoked everywhere within a minute.`)
}
