import type { Delivery } from './deliver.ts'
import { hoursOfHistory, tracesOfHour, type FleetOptions } from './fleet.ts'

export interface HistoryOptions extends FleetOptions {
  days: number
  nowMs: number
  onProgress(done: number, of: number, traces: number): void
}

/** Hours under way at once: natives of several, spans of one export each. */
const LANES = 4

/**
 * Sends the history hour by hour. An hour's batches are the same whenever they are made, so that sending them again
 * changes nothing.
 */
export async function sendHistory(to: Delivery, options: HistoryOptions): Promise<{ traces: number }> {
  const hours = hoursOfHistory(options.nowMs, options.days)
  let next = 0
  let done = 0
  let traces = 0
  const lane = async () => {
    for (let hour = hours[next++]; hour !== undefined; hour = hours[next++]) {
      const batch = tracesOfHour(hour, options)
      await to.send(batch)
      traces += batch.length
      options.onProgress(++done, hours.length, traces)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return { traces }
}
