import type { Receipt, Watermark } from '../../contract/batch.ts'
import type { IntakeEntry } from '../../contract/live.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'

export interface ReceiptDeps {
  applied(
    tenant: ProjectTenant,
    batchIds: string[],
  ): Promise<{ batch_id: string; events: number; ledger_entries: number; received_ms: number; applied_ms: number }[]>
  dead(tenant: ProjectTenant, batchId: string): Promise<{ events: number; received_ms: number; reason: string } | null>
  open(tenant: ProjectTenant, batchId: string): Promise<IntakeEntry | null>
  journaled(tenant: ProjectTenant, batchId: string): Promise<boolean>
}

const PATTERN = /^rct_(prj_[0-9a-z]+)_([0-9a-f]{32})_(\d{1,4})$/
const RECEIPT_PARTS_MAX = 200

export function parseReceipt(id: string): { project_id: string; batchIds: string[] } | null {
  const [, project_id, batchId, count] = PATTERN.exec(id) ?? []
  const parts = Number(count)
  if (project_id === undefined || batchId === undefined || parts < 1 || parts > RECEIPT_PARTS_MAX) return null
  return { project_id, batchIds: parts === 1 ? [batchId] : Array.from({ length: parts }, (_, i) => `${batchId}.${i}`) }
}

type Part = Receipt['parts'][number] & { received_ms: number | null; applied_ms: number | null }

/** Where an accepted batch is: each part applied, dead, queued or journaled. @throws AppError not_found. */
export async function getReceipt(
  deps: ReceiptDeps,
  tenant: ProjectTenant,
  id: string,
  batchIds: string[],
): Promise<Receipt> {
  const applied = new Map((await deps.applied(tenant, batchIds)).map((row) => [row.batch_id, row]))
  const parts = await Promise.all(
    batchIds.map(async (batch_id): Promise<Part | null> => {
      const row = applied.get(batch_id)
      if (row)
        return {
          batch_id,
          state: 'applied',
          events: row.events,
          ledger_entries: row.ledger_entries,
          detail: null,
          received_ms: row.received_ms,
          applied_ms: row.applied_ms,
        }
      const common = { batch_id, ledger_entries: null, applied_ms: null }
      const dead = await deps.dead(tenant, batch_id)
      if (dead)
        return { ...common, state: 'dead', events: dead.events, detail: dead.reason, received_ms: dead.received_ms }
      const open = await deps.open(tenant, batch_id)
      if (open) return { ...common, state: 'queued', events: open.events, detail: null, received_ms: open.received_ms }
      return (await deps.journaled(tenant, batch_id))
        ? { ...common, state: 'journaled', events: null, detail: null, received_ms: null }
        : null
    }),
  )
  const known = parts.filter((part) => part !== null)
  if (known.length < batchIds.length)
    throw new AppError('not_found', 'There is no such receipt. Right after a 202 it may take a second to appear.')
  const received = known.map((p) => p.received_ms).filter((ms) => ms !== null)
  const done = known.every((p) => p.state === 'applied')
  return {
    id,
    project_id: tenant.project_id,
    state: stateOf(known),
    received_at: received.length > 0 ? new Date(Math.min(...received)).toISOString() : null,
    applied_at: done ? new Date(Math.max(...known.map((p) => p.applied_ms ?? 0))).toISOString() : null,
    parts: known.map(({ batch_id, state, events, ledger_entries, detail }) => ({
      batch_id,
      state,
      events,
      ledger_entries,
      detail,
    })),
  }
}

/** A receipt is as far as its slowest part; a dead part makes it dead. */
function stateOf(parts: Part[]): Receipt['state'] {
  for (const state of ['dead', 'journaled', 'queued'] as const) if (parts.some((p) => p.state === state)) return state
  return 'applied'
}

export interface WatermarkDeps {
  watermark(tenant: ProjectTenant): Promise<{
    complete_until_ms: number
    events_behind: number
    batches_behind: number
    oldest_received_ms: number | null
  }>
  stale(tenant: ProjectTenant, beforeMs: number): Promise<IntakeEntry[]>
  appliedIds(tenant: ProjectTenant, batchIds: string[]): Promise<string[]>
  close(tenant: ProjectTenant, batchIds: string[]): Promise<void>
  deadCount(tenant: ProjectTenant): Promise<{ letters: number; events: number }>
  now(): number
}

/** Longer than this behind is checked against the books: a publish may have been lost with its consumer. */
const STALE_MS = 30_000

/** Up to when a project's data are complete. Dead letters are what was lost unless they are replayed. */
export async function getWatermark(deps: WatermarkDeps, tenant: ProjectTenant): Promise<Watermark> {
  const dead = await deps.deadCount(tenant)
  let mark = await deps.watermark(tenant)
  const staleBefore = deps.now() - STALE_MS
  if (mark.oldest_received_ms !== null && mark.oldest_received_ms < staleBefore) {
    const stale = (await deps.stale(tenant, staleBefore)).map((entry) => entry.batch_id)
    const applied = await deps.appliedIds(tenant, stale)
    if (applied.length > 0) {
      await deps.close(tenant, applied)
      mark = await deps.watermark(tenant)
    }
  }
  return {
    project_id: tenant.project_id,
    complete_until: new Date(mark.complete_until_ms).toISOString(),
    events_behind: mark.events_behind,
    batches_behind: mark.batches_behind,
    dead_letters: dead.letters,
    lost: dead.events,
  }
}
