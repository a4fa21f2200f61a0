import { SILENCES_MAX, type Silence, type SilenceCreate } from '../../../contract/alert.ts'
import { offsetAt } from '../../../domain/time-zone.ts'
import type { SilenceRows, StoredSilence } from './silence-rows.ts'

const DAY_MS = 86_400_000
const PERIOD_MS = { none: Number.POSITIVE_INFINITY, daily: DAY_MS, weekly: 7 * DAY_MS }
const iso = (ms: number) => new Date(ms).toISOString()

/** What people do with the silences of one organization. */
export class Silences {
  private readonly rows: SilenceRows

  constructor(rows: SilenceRows) {
    this.rows = rows
  }

  list(nowMs: number): Silence[] {
    return this.rows.all().map((silence) => silenceView(silence, nowMs))
  }

  create(id: string, zone: string, input: SilenceCreate, by: string, nowMs: number): Silence | null {
    if (this.rows.all().filter((one) => !isOver(one, nowMs)).length >= SILENCES_MAX) return null
    const made: StoredSilence = {
      id,
      input,
      starts_ms: input.starts_at === undefined ? nowMs : Date.parse(input.starts_at),
      ends_ms: Date.parse(input.ends_at),
      ended_ms: null,
      time_zone: zone,
      created_by: by,
      created_ms: nowMs,
    }
    this.rows.put(made)
    return silenceView(made, nowMs)
  }

  end(id: string, nowMs: number): Silence | null {
    const found = this.rows.find(id)
    if (found === null) return null
    if (isOver(found, nowMs)) return silenceView(found, nowMs)
    const ended = { ...found, ended_ms: nowMs }
    this.rows.put(ended)
    return silenceView(ended, nowMs)
  }
}

function isOver({ input, ends_ms, ended_ms }: StoredSilence, nowMs: number): boolean {
  return (ended_ms ?? (input.repeat === 'none' ? ends_ms : Number.POSITIVE_INFINITY)) <= nowMs
}

/** Whether one of its windows holds now; a window that repeats keeps its local time when clocks change. */
function isActive(silence: StoredSilence, nowMs: number): boolean {
  const { input, starts_ms, ends_ms, time_zone } = silence
  if (isOver(silence, nowMs) || nowMs < starts_ms) return false
  const local = (ms: number) => ms + offsetAt(time_zone, ms)
  return (local(nowMs) - local(starts_ms)) % PERIOD_MS[input.repeat] < ends_ms - starts_ms
}

function silenceView(silence: StoredSilence, nowMs: number): Silence {
  const { id, input, time_zone, created_by, created_ms, starts_ms, ends_ms, ended_ms } = silence
  const { kind, rule_id, match, repeat, reason } = input
  return {
    ...{ id, kind, rule_id, match, repeat, time_zone, reason, created_by },
    starts_at: iso(starts_ms),
    ends_at: iso(ended_ms ?? ends_ms),
    active: isActive(silence, nowMs),
    created_at: iso(created_ms),
  }
}
