import * as z from 'zod'
import type { Cell } from './tenant.ts'

/** The audit log: what callers hand in, one link of the chain, what is signed, and what people read. */

export const ACTOR_TYPES = ['user', 'key', 'system'] as const
const ACTION = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/
const HEX_256 = /^[0-9a-f]{64}$/

const hash = z.string().regex(HEX_256)
const facts = z.record(z.string(), z.unknown()).nullable()

/**
 * What a caller hands in: in clear, the person's name included. It is redacted, sealed and cut to size before it is
 * kept: no header that is too long may keep a change out of the log.
 */
export const AuditRecord = z.object({
  /** Makes a retry of the caller the same record. Without it every call is a record of its own. */
  id: z.string().min(1).optional(),
  at_ms: z.number().int().min(0),
  /** `id` of a user is the account's; `label` is a name. */
  actor: z.object({
    type: z.enum(ACTOR_TYPES),
    id: z.string().min(1),
    label: z.string(),
    email: z.string().optional(),
  }),
  /** Dotted, like `key.create`. */
  action: z.string().regex(ACTION),
  /** A target of type `user` is a person, as is one whose label is an e-mail address. */
  target: z.object({
    type: z.string().min(1),
    id: z.string().min(1),
    label: z.string().optional(),
    email: z.string().optional(),
  }),
  agent_id: z.string().nullable().optional(),
  before: facts.optional(),
  after: facts.optional(),
  origin: z.object({ ip: z.string().nullable(), user_agent: z.string().nullable() }).nullable(),
  request_id: z.string(),
})
export type AuditRecord = z.infer<typeof AuditRecord>

/** What is personal of an entry, under the key of that person. The digest is of the plaintext, which holds a salt. */
export const Sealed = z.strictObject({ person: z.string(), box: z.string(), digest: hash })
export type Sealed = z.infer<typeof Sealed>

const party = <T extends z.ZodType>(type: T) =>
  z.strictObject({ type, id: z.string(), label: z.string().nullable().meta({ description: 'Null for a person' }) })

/** One link of an organization's chain. `hash` is SHA-256 of the canonical JSON (RFC 8785) of everything else. */
export const AuditEntry = z.strictObject({
  v: z.literal(1),
  org_id: z.string(),
  seq: z.number().int().min(1),
  /** RFC 3339 UTC. */
  at: z.string(),
  /** `id` of a person is a pseudonym. */
  actor: party(z.enum(ACTOR_TYPES)),
  action: z.string(),
  target: party(z.string()),
  agent_id: z.string().nullable(),
  before: facts,
  after: facts,
  request_id: z.string(),
  /** Of the actor, and where the request came from. */
  personal: Sealed.nullable(),
  /** Of the target, when it is another person: each is forgotten on their own. */
  target_personal: Sealed.nullable(),
  /** Of the entry before; 64 zeros in the first. */
  prev_hash: hash,
  hash,
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** An entry before it has its place in the chain. */
export type AuditDraft = Omit<AuditEntry, 'v' | 'org_id' | 'seq' | 'prev_hash' | 'hash'>

/** Says that the chain had this hash at this entry. Signed as canonical JSON without the signature. */
export const Checkpoint = z.strictObject({
  v: z.literal(1),
  org_id: z.string(),
  seq: z.number().int().min(1),
  hash,
  at: z.string(),
  /** Ed25519, base64. */
  signature: z.string(),
})
export type Checkpoint = z.infer<typeof Checkpoint>

export const EXPORT_FORMAT = 'agentops-audit-1'
const opened = z.record(z.string(), z.unknown())

/** The lines of an export, each of them canonical JSON. */
export const ExportHeader = z.strictObject({
  type: z.literal('header'),
  format: z.literal(EXPORT_FORMAT),
  org_id: z.string(),
  public_key: z.string().nullable().meta({ description: 'Ed25519, SPKI, base64; null where nothing is signed' }),
  exported_at: z.string(),
})
export const ExportEntry = z.strictObject({
  type: z.literal('entry'),
  entry: AuditEntry,
  personal: opened.optional(),
  target_personal: opened.optional(),
})
export const ExportCheckpoint = z.strictObject({ type: z.literal('checkpoint'), ...Checkpoint.shape })
export const ExportLine = z.discriminatedUnion('type', [ExportHeader, ExportEntry, ExportCheckpoint])
export type ExportLine = z.infer<typeof ExportLine>

export const PublicKey = z.object({
  algorithm: z.literal('Ed25519'),
  public_key: z.string().meta({ description: 'SPKI, base64' }),
})

const shownParty = z.object({
  type: z.string(),
  id: z.string().meta({ description: 'A pseudonym for a person' }),
  label: z.string().nullable(),
  user_id: z.string().nullable(),
  email: z.string().nullable(),
  erased: z.boolean().meta({ description: 'True when what was personal can no longer be opened' }),
})

/** An entry as the API shows it: what is personal is opened where that is still possible. */
export const AuditItem = z.object({
  seq: z.number().int(),
  at: z.string(),
  actor: shownParty,
  action: z.string(),
  target: shownParty,
  agent_id: z.string().nullable(),
  before: facts,
  after: facts,
  origin: z.object({ ip: z.string().nullable(), user_agent: z.string().nullable() }).nullable(),
  request_id: z.string(),
  hash,
})
export type AuditItem = z.infer<typeof AuditItem>

export const AuditFilterQuery = z.object({
  actor: z.string().min(1).max(200).optional().meta({ description: 'Pseudonym, account, key' }),
  action: z
    .string()
    .regex(/^[a-z0-9_.]{1,100}$/)
    .optional()
    .meta({ description: 'What the action begins with, like `key.`' }),
  agent_id: z.string().min(1).max(200).optional(),
  target: z.string().min(1).max(200).optional().meta({ description: 'Pseudonym, account, or id of a thing' }),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Not included' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
})
export type AuditFilterQuery = z.infer<typeof AuditFilterQuery>

export interface AuditFilter {
  /** Any of these ids. */
  actor?: string[]
  action_prefix?: string
  agent_id?: string
  target?: string[]
  from_ms?: number
  to_ms?: number
}

export interface AuditLink {
  seq: number
  hash: string
}

/** The RPC of the TenantAudit Durable Object (one per org). Entries travel as the canonical JSON that was hashed. */
export interface TenantAuditRpc {
  /** Appends in this order; a record whose id is there already changes nothing and answers its first link. */
  append(tenant: { org_id: string; cell: Cell }, records: { id: string; draft: AuditDraft }[]): Promise<AuditLink[]>
  /** Newest first. `before_seq` is the cursor. */
  list(filter: AuditFilter, before_seq: number | null, limit: number): Promise<string[]>
  /** Entries after `after_seq` up to `to_seq`, oldest first, and the checkpoints that sign one of them. */
  page(after_seq: number, to_seq: number): Promise<{ entries: string[]; checkpoints: Checkpoint[] }>
  /** The last link, after it was signed when that is possible; null for an empty log. */
  sealHead(): Promise<AuditLink | null>
  /** SPKI, base64; null when there is no signing key. */
  publicKey(): Promise<string | null>
}
