import type { BatchHeader } from '../../contract/batch.ts'
import { batchKey } from '../../domain/envelope.ts'

/** A journaled batch this young is left to the queue. */
export const SWEEP_AGE_MS = 15_000
/** A batch that was sent again is given this long before it is sent once more. */
const RESEND_MS = 60_000
const RESENT_MAX = 50_000
const PAGE = 200
const PAGES_MAX = 100

/** A journal object and the batches in it. */
export interface JournalEntry {
  name: string
  headers: BatchHeader[]
}

export interface SweepDeps {
  list(cursor: string | undefined, limit: number): Promise<{ entries: JournalEntry[]; cursor: string | null }>
  /** Keys of those that are in their shard's books. */
  applied(headers: BatchHeader[]): Promise<Set<string>>
  isDead(header: BatchHeader): Promise<boolean>
  remove(names: string[]): Promise<void>
  resend(entry: JournalEntry, headers: BatchHeader[]): Promise<void>
}

const resent = new Map<string, number>()

/**
 * Deletes journal objects whose batches are all applied and sends the others' again. At start-up nothing is in a
 * local queue, so everything that was not applied is sent at once.
 */
export async function sweepJournal(
  deps: SweepDeps,
  nowMs: number,
  startup: boolean,
): Promise<{ removed: number; resent: number }> {
  const result = { removed: 0, resent: 0 }
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const { entries, cursor: next } = await deps.list(cursor, PAGE)
    const applied = await deps.applied(entries.flatMap((entry) => entry.headers))
    const done: string[] = []
    for (const entry of entries) {
      const open = entry.headers.filter((header) => !applied.has(batchKey(header)))
      if (open.length === 0) done.push(entry.name)
      else if (isDue(entry, nowMs, startup)) result.resent += await resend(deps, entry, open, nowMs)
    }
    if (done.length > 0) await deps.remove(done)
    result.removed += done.length
    if (next === null) break
    cursor = next
  }
  return result
}

/** Sends what is not dead; dead letters are replayed by people. */
async function resend(deps: SweepDeps, entry: JournalEntry, open: BatchHeader[], nowMs: number): Promise<number> {
  const lost: BatchHeader[] = []
  for (const header of open) if (!(await deps.isDead(header))) lost.push(header)
  if (lost.length === 0) return 0
  await deps.resend(entry, lost)
  remember(entry.name, nowMs)
  return lost.length
}

function isDue(entry: JournalEntry, nowMs: number, startup: boolean): boolean {
  const last = resent.get(entry.name)
  if (last !== undefined && nowMs - last < RESEND_MS) return false
  return startup || entry.headers.every((header) => nowMs - header.received_ms >= SWEEP_AGE_MS)
}

function remember(name: string, nowMs: number): void {
  if (resent.size >= RESENT_MAX) resent.clear()
  resent.set(name, nowMs)
}
