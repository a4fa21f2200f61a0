import type * as z from 'zod'
import {
  EXPORT_FORMAT,
  type AuditEntry,
  type AuditFilterQuery,
  type AuditItem,
  type Checkpoint,
  type ExportHeader,
  type Sealed,
} from '../../contract/audit.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { canonicalJson } from '../../domain/audit/canonical-json.ts'
import type { AuditDeps, PersonKey } from './port.ts'

type Opened = Record<string, unknown>
interface OpenEntry {
  text: string
  entry: AuditEntry
  personal: Opened | null
  target_personal: Opened | null
}

/** Entries that match, newest first; what is personal is opened where its key still exists. */
export async function listAudit(
  deps: AuditDeps,
  tenant: Tenant,
  query: AuditFilterQuery,
): Promise<{ data: AuditItem[]; next_cursor: string | null }> {
  const [actor, target] = await Promise.all([namesOf(deps, query.actor), namesOf(deps, query.target)])
  const filter = {
    actor,
    target,
    action_prefix: query.action,
    agent_id: query.agent_id,
    from_ms: query.from === undefined ? undefined : Date.parse(query.from),
    to_ms: query.to === undefined ? undefined : Date.parse(query.to),
  }
  const before = query.cursor === undefined ? null : Number(query.cursor)
  const texts = await deps.store.list(tenant, filter, before, query.limit + 1)
  const shown = await openAll(deps, texts.slice(0, query.limit))
  const last = shown.at(-1)
  return {
    data: shown.map(itemOf),
    next_cursor: texts.length > query.limit && last !== undefined ? String(last.entry.seq) : null,
  }
}

/** The whole chain as NDJSON, with every checkpoint after the entry that it signs; the last entry has one. */
export async function* exportAudit(deps: AuditDeps, tenant: Tenant): AsyncGenerator<string, void> {
  const head = await deps.store.sealHead(tenant)
  const header: z.infer<typeof ExportHeader> = {
    type: 'header',
    format: EXPORT_FORMAT,
    org_id: tenant.org_id,
    public_key: await deps.store.publicKey(),
    exported_at: new Date(deps.now()).toISOString(),
  }
  yield `${canonicalJson(header)}\n`
  for (let seq = 0; head !== null && seq < head.seq;) {
    const page = await deps.store.page(tenant, seq, head.seq)
    if (page.entries.length === 0) throw new Error(`the audit log ends before its entry ${head.seq}`)
    const signed = new Map(page.checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint]))
    let lines = ''
    for (const opened of await openAll(deps, page.entries)) {
      seq = opened.entry.seq
      lines += `${entryLine(opened)}\n`
      const checkpoint = signed.get(seq)
      if (checkpoint !== undefined) lines += `${checkpointLine(checkpoint)}\n`
    }
    yield lines
  }
}

/** Canonical JSON, put together around the text of the entry that was hashed. */
function entryLine({ text, personal, target_personal }: OpenEntry): string {
  const own = personal === null ? '' : `"personal":${canonicalJson(personal)},`
  const other = target_personal === null ? '' : `"target_personal":${canonicalJson(target_personal)},`
  return `{"entry":${text},${own}${other}"type":"entry"}`
}

const checkpointLine = (checkpoint: Checkpoint) => canonicalJson({ type: 'checkpoint', ...checkpoint })

/** People are asked for by account, and stand in the chain by pseudonym. */
async function namesOf(deps: AuditDeps, id: string | undefined): Promise<string[] | undefined> {
  if (id === undefined) return undefined
  return [id, ...(await deps.persons.bySubject([id])).map(({ person }) => person)]
}

async function openAll(deps: AuditDeps, texts: string[]): Promise<OpenEntry[]> {
  const entries = texts.map((text) => ({ text, entry: JSON.parse(text) as AuditEntry }))
  const persons = new Set(
    entries.flatMap(({ entry }) => [entry.personal, entry.target_personal]).flatMap((part) => part?.person ?? []),
  )
  const found = persons.size > 0 ? await deps.persons.byPerson([...persons]) : []
  const keys = new Map(found.map((key) => [key.person, key]))
  return Promise.all(
    entries.map(async ({ text, entry }) => ({
      text,
      entry,
      personal: await opened(deps, keys, entry.personal),
      target_personal: await opened(deps, keys, entry.target_personal),
    })),
  )
}

async function opened(
  deps: AuditDeps,
  keys: ReadonlyMap<string, PersonKey>,
  part: Sealed | null,
): Promise<Opened | null> {
  const key = part === null ? undefined : keys.get(part.person)
  if (part === null || key === undefined) return null
  const text = await deps.cipher.open(key, part.box)
  return text === null ? null : (JSON.parse(text) as Opened)
}

function itemOf({ entry, personal, target_personal }: OpenEntry): AuditItem {
  const { seq, at, action, agent_id, before, after, request_id, hash } = entry
  const isSelf = entry.target.type === 'user' && entry.target.id === entry.actor.id
  const actor = entry.actor.type === 'user' ? entry.personal : null
  const target = isSelf ? entry.personal : entry.target_personal
  return {
    seq,
    at,
    actor: partyOf(entry.actor, actor, personal),
    action,
    target: partyOf(entry.target, target, isSelf ? personal : target_personal),
    agent_id,
    before,
    after,
    origin: personal === null ? null : { ip: textOf(personal['ip']), user_agent: textOf(personal['user_agent']) },
    request_id,
    hash,
  }
}

function partyOf(
  party: AuditEntry['actor'] | AuditEntry['target'],
  sealed: Sealed | null,
  personal: Opened | null,
): AuditItem['actor'] {
  const clear = sealed === null ? null : personal
  return {
    type: party.type,
    id: party.id,
    label: party.label ?? textOf(clear?.['name']),
    user_id: textOf(clear?.['user_id']),
    email: textOf(clear?.['email']),
    erased: sealed !== null && personal === null,
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null)
