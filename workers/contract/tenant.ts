import * as z from 'zod'

/** A cell is a region's own set of stores. The union is closed: an unknown cell is an error. */
export const CELLS = ['global', 'eu', 'us'] as const
export const Cell = z.enum(CELLS)
export type Cell = z.infer<typeof Cell>

/** Data shards of each cell; a tenant's shard is fixed when its organization is created, or moved to another cell. */
export const SHARDS: Record<Cell, number> = { global: 2, eu: 1, us: 1 }

/** What a member, or a service principal, is in an organization. */
export const ROLES = ['owner', 'admin', 'finance', 'operator', 'developer', 'auditor', 'approver'] as const

/** What a credential may be used for. */
export const SCOPES = ['ingest', 'guard', 'read', 'admin'] as const
export const Scope = z.enum(SCOPES)
export type Scope = z.infer<typeof Scope>

/** Where a tenant's telemetry lives and whose it is. Every store call takes one. */
export const Tenant = z.object({
  org_id: z.string().min(1),
  cell: Cell,
  shard: z.number().int().min(0),
})
export type Tenant = z.infer<typeof Tenant>

/** A tenant narrowed to one project. */
export const ProjectTenant = Tenant.extend({ workspace_id: z.string().min(1), project_id: z.string().min(1) })
export type ProjectTenant = z.infer<typeof ProjectTenant>

/** The record behind an API key, stored in KV under `key:<sha256 of the key, hex>`. */
export const KeyRecord = Tenant.extend({
  /** Empty, like `project_id`, when the key stands for the whole organization; such a key never has the scope `ingest`. */
  workspace_id: z.string(),
  project_id: z.string(),
  key_id: z.string().min(1),
  name: z.string().default(''),
  /** What is sent with the key is of this environment; null when events say it themselves. */
  environment: z.string().nullable().default(null),
  /** Of the service principal that acts by this key; null when the scopes alone decide. */
  role: z.enum(ROLES).nullable().default(null),
  scopes: z.array(Scope),
  /** Epoch milliseconds. */
  expires_at: z.number().nullable(),
  /** True when the project stores `input`, `output` and `error_message`. */
  keep_content: z.boolean(),
})
export type KeyRecord = z.infer<typeof KeyRecord>
