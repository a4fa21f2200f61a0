import type { Group, InstanceState, Severity, Usual } from '../../contract/alert.ts'
import { groupKey } from './group.ts'
import { absent, type JudgedRule } from './judge.ts'
import type { Sample } from './sample.ts'

const MINUTE_MS = 60_000
/** A condition that no longer holds is over after this long: a few quiet minutes are no end of an outage. */
export const RESOLVE_AFTER_MS = 5 * MINUTE_MS

/** One group of a rule, as it was left by the last evaluation. */
export interface StoredInstance {
  key: string
  group: Group
  state: InstanceState
  severity: Severity | null
  since_ms: number
  /** Since when the condition holds; null while it does not. */
  holds_since_ms: number | null
  /** Since when a firing condition does not hold any more; null while it holds. */
  off_since_ms: number | null
  value: number | null
  usual: Usual | null
  detail: string
}

export interface SteppedRule {
  for_minutes: number
  no_data: JudgedRule['no_data']
}

/**
 * All groups of a rule after an evaluation: inactive → pending (for so many minutes) → firing → inactive, or no data.
 * Evaluating the same moment again changes nothing. Groups that are quiet and of which nothing comes are forgotten.
 */
export function stepAll(
  before: readonly StoredInstance[],
  samples: readonly Sample[],
  rule: SteppedRule,
  gone: (group: Group) => Sample,
  nowMs: number,
): StoredInstance[] {
  const known = new Map(before.map((one) => [one.key, one]))
  const next = new Map<string, StoredInstance>()
  for (const sample of samples) {
    const key = groupKey(sample.group)
    next.set(key, step(known.get(key) ?? null, sample, rule, nowMs))
  }
  for (const one of before) {
    if (next.has(one.key)) continue
    const after = step(one, gone(one.group), rule, nowMs)
    if (after.state !== 'inactive' && !isForgotten(after, nowMs)) next.set(one.key, after)
  }
  return [...next.values()]
}

/** What a group of a metrics rule is taken for when nothing of it comes. */
export const goneOf = (rule: JudgedRule) => (group: Group) => absent(rule, group)

/** @param before null for a group that is new. */
export function step(before: StoredInstance | null, sample: Sample, rule: SteppedRule, nowMs: number): StoredInstance {
  const { value, usual, detail, group } = sample
  const seen = { key: groupKey(group), group, value, usual, detail }
  if (sample.unknown === 'no_data' && rule.no_data === 'keep' && before !== null)
    return { ...before, detail: `${detail} It is kept as it was.` }
  if (sample.unknown === 'no_data' && (rule.no_data === 'show' || rule.no_data === 'notify'))
    return over(before, seen, 'no_data', nowMs)
  if (sample.severity === null) return over(before, seen, 'inactive', nowMs)
  const holds = before?.holds_since_ms ?? nowMs
  const isFiring = before?.state === 'firing' || nowMs - holds >= rule.for_minutes * MINUTE_MS
  const state = isFiring ? 'firing' : 'pending'
  return {
    ...seen,
    ...since(before, state, nowMs),
    severity: sample.severity,
    holds_since_ms: holds,
    off_since_ms: null,
  }
}

type Seen = Pick<StoredInstance, 'key' | 'group' | 'value' | 'usual' | 'detail'>

/** The condition does not hold; what was firing still is for a while, and says what it was. */
function over(before: StoredInstance | null, seen: Seen, state: 'inactive' | 'no_data', nowMs: number): StoredInstance {
  const off = before?.off_since_ms ?? nowMs
  if (before?.state === 'firing' && nowMs - off < RESOLVE_AFTER_MS) return { ...before, off_since_ms: off }
  return { ...seen, ...since(before, state, nowMs), severity: null, holds_since_ms: null, off_since_ms: null }
}

function since(before: StoredInstance | null, state: InstanceState, nowMs: number) {
  return { state, since_ms: before?.state === state ? before.since_ms : nowMs }
}

/** A group of which nothing has come for a week is not shown as missing any more. */
const FORGET_AFTER_MS = 7 * 24 * 60 * MINUTE_MS
const isForgotten = ({ state, since_ms }: StoredInstance, nowMs: number) =>
  state === 'no_data' && nowMs - since_ms > FORGET_AFTER_MS
