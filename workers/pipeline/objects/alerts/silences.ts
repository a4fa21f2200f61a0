import { SILENCES_MAX, type Silence, type SilenceCreate } from '../../../contract/alert.ts'
import { isActive, type StoredSilence as HeldSilence } from '../../../domain/alert/silence.ts'
import type { SilenceRows, StoredSilence } from './silence-rows.ts'

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

/** Those that hold at a moment or may again, as rules are judged by them. */
export function heldSilences(silences: readonly StoredSilence[], nowMs: number): HeldSilence[] {
  return silences.filter((one) => !isOver(one, nowMs)).map(heldOf)
}

function heldOf({ id, input, starts_ms, ends_ms, time_zone, created_by, created_ms }: StoredSilence): HeldSilence {
  const { kind, rule_id, match, repeat, reason } = input
  return { id, kind, rule_id, match, starts_ms, ends_ms, repeat, time_zone, reason, created_by, created_ms }
}

function silenceView(silence: StoredSilence, nowMs: number): Silence {
  const { id, input, time_zone, created_by, created_ms, starts_ms, ends_ms, ended_ms } = silence
  const { kind, rule_id, match, repeat, reason } = input
  return {
    ...{ id, kind, rule_id, match, repeat, time_zone, reason, created_by },
    starts_at: iso(starts_ms),
    ends_at: iso(ended_ms ?? ends_ms),
    active: !isOver(silence, nowMs) && isActive(heldOf(silence), nowMs),
    created_at: iso(created_ms),
  }
}
