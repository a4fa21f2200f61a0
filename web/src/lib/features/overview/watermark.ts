import type { Watermark } from '../../../../../workers/contract/batch.ts'

export interface Completeness {
  complete_until_ms: number
  events_behind: number
  lost: number
  dead_letters: number
}

/** Several projects are as complete as the one that is furthest behind. Null when there is none. */
export function mergeWatermarks(watermarks: readonly Watermark[]): Completeness | null {
  if (watermarks.length === 0) return null
  const total = (field: 'events_behind' | 'lost' | 'dead_letters') =>
    watermarks.reduce((sum, mark) => sum + mark[field], 0)
  return {
    complete_until_ms: Math.min(...watermarks.map((mark) => Date.parse(mark.complete_until))),
    events_behind: total('events_behind'),
    lost: total('lost'),
    dead_letters: total('dead_letters'),
  }
}
