import type { IntakeEntry } from '../contract/live.ts'

/** Entries of one project that wait for the flush that is under way. */
interface Lane {
  waiting: IntakeEntry[]
  /** When the flush under way began; null when there is none. */
  flushingSince: number | null
}

const FLUSH_ENTRIES_MAX = 1000
const WAITING_MAX = 20_000
/** A flush whose request was cancelled never ends; after this long another may begin. */
const FLUSH_MS_MAX = 30_000
const lanes = new Map<string, Lane>()

/**
 * Tells a project's LiveFeed which batches are durable. One call is under way per project and isolate; what
 * arrives meanwhile rides the next, so the cost does not grow with the load. A failed flush is tried by the
 * next request; until then the watermark is too optimistic, and nothing else depends on it.
 */
export async function tellIntake(
  projectId: string,
  entries: IntakeEntry[],
  send: (entries: IntakeEntry[]) => Promise<void>,
  nowMs: number,
): Promise<void> {
  let lane = lanes.get(projectId)
  if (lane === undefined) lanes.set(projectId, (lane = { waiting: [], flushingSince: null }))
  if (lane.waiting.length < WAITING_MAX) lane.waiting.push(...entries)
  if (lane.flushingSince !== null && nowMs - lane.flushingSince < FLUSH_MS_MAX) return
  lane.flushingSince = nowMs
  try {
    while (lane.waiting.length > 0) {
      const sending = lane.waiting.splice(0, FLUSH_ENTRIES_MAX)
      try {
        await send(sending)
      } catch (error) {
        lane.waiting.unshift(...sending)
        throw error
      }
    }
    lanes.delete(projectId)
  } finally {
    lane.flushingSince = null
  }
}
