import type { Group } from '../../contract/alert.ts'
import type { Watched } from '../../contract/alert-condition.ts'
import type { Dimension, MetricsRow } from '../../contract/metrics.ts'
import { groupKey, groupOf } from './group.ts'
import type { Found } from './need.ts'
import { dispersionOf, type Hours } from './usual.ts'

const DAY_MS = 86_400_000
/** How an operation ended. That it never ended so before is known of whatever ran at all. */
export const OUTCOMES: readonly Dimension[] = ['status', 'error_type']

export interface Past {
  group: Group
  /** Of the watched measure. */
  hours: Hours
  /** Operations. */
  counts: Hours
}

/** What came before, by group, and since when anything can be said of one. */
export class History {
  readonly groups: ReadonlyMap<string, Past>
  private readonly since: ReadonlyMap<string, number>
  private readonly identity: Dimension[]
  private readonly dispersions = new Map<string, number | null>()

  constructor(watch: Watched, answers: Pick<Found, 'answers'>['answers']) {
    const groups = new Map<string, { group: Group; hours: Map<number, number>; counts: Map<number, number> }>()
    const since = new Map<string, number>()
    this.identity = watch.group_by.filter((name) => !OUTCOMES.includes(name))
    // Many rows have few groups: what is made of a group is made once.
    const byValues = new Map<string, { group: Group; hours: Map<number, number>; counts: Map<number, number> }>()
    for (const row of answers.history ?? []) {
      const values = watch.group_by.map((name) => row[name]).join('\0')
      let known = byValues.get(values)
      if (known === undefined) {
        known = {
          group: groupOf(row, watch.group_by),
          hours: new Map<number, number>(),
          counts: new Map<number, number>(),
        }
        byValues.set(values, known)
        groups.set(groupKey(known.group), known)
      }
      const at = Date.parse(String(row.time))
      const value = valueOf(row, watch)
      if (value !== null) known.hours.set(at, value)
      known.counts.set(at, Number(row.count ?? 0))
    }
    for (const { group, counts } of groups.values()) this.note(since, group, earliest(counts.keys()))
    // Days are told by their start: of the first one only the day after is whole.
    for (const row of answers.known ?? [])
      this.note(since, groupOf(row, this.identity), Date.parse(String(row.time)) + DAY_MS)
    this.groups = groups
    this.since = since
  }

  /** When what the group is of (a workflow, a model; not how it ended) first came; Infinity when it never did. */
  sinceOf(group: Group): number {
    return this.since.get(this.identityKey(group)) ?? Infinity
  }

  /** Variance of its hours by their mean; null where too little is known. */
  dispersionOf(group: Group): number | null {
    const key = groupKey(group)
    let known = this.dispersions.get(key)
    if (known === undefined) {
      known = dispersionOf(this.groups.get(key)?.hours ?? new Map<number, number>(), this.sinceOf(group))
      this.dispersions.set(key, known)
    }
    return known
  }

  private note(since: Map<string, number>, group: Group, atMs: number): void {
    const key = this.identityKey(group)
    since.set(key, Math.min(since.get(key) ?? Infinity, atMs))
  }

  private identityKey(group: Group): string {
    return groupKey(Object.fromEntries(this.identity.map((name) => [name, group[name] ?? ''])))
  }
}

const earliest = (times: Iterable<number>) => {
  let first = Infinity
  for (const at of times) first = Math.min(first, at)
  return first
}

const made = new WeakMap<object, { of: string; known: unknown; history: History }>()

/** The same answer is judged each minute for an hour: what is made of it is kept as long as the answer is. */
export function historyOf(watch: Watched, { answers }: Found): History {
  const { history, known } = answers
  if (history === undefined) return new History(watch, answers)
  const of = JSON.stringify([watch.measure, watch.group_by])
  const kept = made.get(history)
  if (kept?.of === of && kept.known === known) return kept.history
  const fresh = new History(watch, answers)
  made.set(history, { of, known, history: fresh })
  return fresh
}

/** Money comes as a decimal string. */
export function valueOf(row: MetricsRow, { measure }: Watched): number | null {
  const value = row[measure]
  return value === null || value === undefined ? null : Number(value)
}
