import * as z from 'zod'
import { Cell, type Tenant } from './tenant.ts'

/** Moving an organization to another region: what people see of it, and the RPC of what carries it out. */

export const MOVE_STATES = ['running', 'stopped', 'done', 'cancelled'] as const

/** In this order; `undo` only when it is cancelled. */
export const MOVE_STEPS = [
  'prepare',
  'copy_tables',
  'copy_objects',
  'catch_up',
  'freeze',
  'last_changes',
  'copy_rest',
  'last_objects',
  'copy_budget',
  'verify_tables',
  'verify_objects',
  'copy_alerts',
  'copy_audit',
  'switch',
  'open',
  'wait',
  'drain',
  'delete_tables',
  'delete_objects',
  'scan',
  'finish',
  'undo',
] as const
export type MoveStep = (typeof MOVE_STEPS)[number]

export const MoveCreate = z.object({ region: Cell })

const StoreNumbers = z.object({
  store: z.string().meta({ description: 'A table, or `objects`, `budget`, `alerts`, `audit`' }),
  copied: z.number().int().meta({ description: 'Rows or objects; one that changed meanwhile counts again' }),
  verified: z.number().int().nullable().meta({ description: 'Rows or objects found equal on both sides' }),
  cost_usd: z.string().nullable().meta({ description: 'Sum of money that was found equal, to the nano-dollar' }),
  bytes: z.number().int().nullable(),
  deleted: z.number().int().meta({ description: 'Rows or objects removed from the region that was left' }),
})
export type StoreNumbers = z.infer<typeof StoreNumbers>

export const Move = z.object({
  id: z.string(),
  from: Cell,
  to: Cell,
  state: z.enum(MOVE_STATES),
  step: z.enum(MOVE_STEPS),
  detail: z.string().nullable().meta({ description: 'Why it was stopped, or what the last try met' }),
  started_at: z.string(),
  frozen_at: z.string().nullable().meta({ description: 'Since when new batches wait, still accepted' }),
  switched_at: z.string().nullable(),
  deletion_from: z.string().nullable().meta({
    description: 'While the old region is left as it is, until nobody can remember it: when deleting there begins',
  }),
  ended_at: z.string().nullable(),
  cancellable: z.boolean(),
  stores: z.array(StoreNumbers),
  analytics_engine_until: z.string().nullable().meta({
    description: 'Left the global region: up to when points of charts stay in Analytics Engine, which deletes nothing',
  }),
})
export type Move = z.infer<typeof Move>

/** The newest move of an organization, if there was one. */
export const MoveAnswer = z.object({ move: Move.nullable() })

/** The RPC of the OrgMove Durable Object (one per organization). */
export interface OrgMoveRpc {
  /** Goes on with the organization's move until it ends; asked twice it is asked once. */
  run(orgId: string): Promise<void>
}

/** Rows and, for each column, a checksum: equal on both sides when the same rows lie there. */
export interface Digest {
  rows: number
  sums: Record<string, string>
}

/** One page of an object's tables, as JSON that `importRows` of another object takes. */
export interface ObjectPage {
  table: string
  rows: string
  count: number
  next: string | null
}

/** What an object of a tenant offers so that it can be moved. */
export interface PortableRpc {
  exportRows(cursor: string | null): Promise<ObjectPage | null>
  importRows(tenant: Tenant, table: string, rows: string): Promise<void>
  digest(): Promise<Record<string, Digest>>
  wipe(): Promise<void>
}

/** What else the audit log offers: while it is sealed it takes no entry. */
export interface SealableRpc extends PortableRpc {
  seal(sealed: boolean): Promise<void>
}
