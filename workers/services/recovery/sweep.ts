import type { BatchHeader } from '../../contract/batch.ts'

/** A journaled batch this young is left to the queue. */
export const SWEEP_AGE_MS = 15_000
/** A batch that was sent again is given this long before it is sent once more. */
const RESEND_MS = 60_000
const RESENT_MAX = 50_000
const PAGE = 500
const PAGES_MAX = 40

export interface JournalEntry {
  name: string
  header: BatchHeader
  bytes: number
}

export interface SweepDeps {
  list(cursor: string | undefined, limit: number): Promise<{ entries: JournalEntry[]; cursor: string | null }>
  /** Names of those whose batch is in its shard's books. */
  applied(entries: JournalEntry[]): Promise<Set<string>>
  isDead(header: BatchHeader): Promise<boolean>
  remove(names: string[]): Promise<void>
  resend(entry: JournalEntry): Promise<void>
}

const resent = new Map<string, number>()

/**
 * Deletes journal objects whose batch is applied and sends the others again. At start-up nothing is in a local
 * queue, so everything that was not applied is sent at once.
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
    const applied = entries.length > 0 ? await deps.applied(entries) : new Set<string>()
    const done = entries.filter((e) => applied.has(e.name))
    if (done.length > 0) await deps.remove(done.map((e) => e.name))
    result.removed += done.length
    for (const entry of entries) {
      if (applied.has(entry.name) || !isDue(entry, nowMs, startup) || (await deps.isDead(entry.header))) continue
      await deps.resend(entry)
      remember(entry.name, nowMs)
      result.resent++
    }
    if (next === null) break
    cursor = next
  }
  return result
}

function isDue(entry: JournalEntry, nowMs: number, startup: boolean): boolean {
  const last = resent.get(entry.name)
  if (last !== undefined && nowMs - last < RESEND_MS) return false
  return startup || nowMs - entry.header.received_ms >= SWEEP_AGE_MS
}

function remember(name: string, nowMs: number): void {
  if (resent.size >= RESENT_MAX) resent.clear()
  resent.set(name, nowMs)
}
