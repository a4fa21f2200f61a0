import type { Group, Silence } from '../../contract/alert.ts'
import { daysBefore } from './usual.ts'

const DAY_MS = 86_400_000

/** A silence or maintenance window as it is kept. */
export interface StoredSilence {
  id: string
  kind: Silence['kind']
  rule_id: string | null
  match: Group
  starts_ms: number
  ends_ms: number
  repeat: Silence['repeat']
  time_zone: string
  reason: string
  created_by: string
  created_ms: number
}

/** Whether nobody is told of this group of this rule at a moment. */
export function covers(silence: StoredSilence, ruleId: string, group: Group, atMs: number): boolean {
  if (silence.rule_id !== null && silence.rule_id !== ruleId) return false
  if (!Object.entries(silence.match).every(([name, value]) => group[name] === value)) return false
  return isActive(silence, atMs)
}

/** Whether it holds at a moment; one that repeats does so at the same times of the local clock, from its start on. */
export function isActive({ starts_ms, ends_ms, repeat, time_zone }: StoredSilence, atMs: number): boolean {
  if (repeat === 'none') return atMs >= starts_ms && atMs < ends_ms
  if (atMs < starts_ms) return false
  const days = repeat === 'daily' ? 1 : 7
  const passed = Math.floor((atMs - starts_ms) / (days * DAY_MS))
  // Where clocks change, a window begins an hour earlier or later than whole days would say.
  return [passed - 1, passed, passed + 1].some((times) => {
    if (times < 0) return false
    const [from, to] = [starts_ms, ends_ms].map((ms) => daysBefore(ms, -times * days, time_zone))
    return from !== undefined && to !== undefined && atMs >= from && atMs < to
  })
}
