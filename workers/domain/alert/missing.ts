import type { Group } from '../../contract/alert.ts'
import type { Condition } from '../../contract/alert-condition.ts'
import { groupKey, groupOf } from './group.ts'
import type { Found } from './need.ts'
import { historyOf } from './past.ts'
import { watchedOf } from './questions.ts'
import type { Sample } from './sample.ts'
import { pastValues, usualOf, type PastWindow } from './usual.ts'
import { valueWords, windowWords } from './words.ts'

/** Of a Poisson distribution with this mean, nothing comes once in ten thousand times: e^-9.2. */
const EXPECTED_MIN = 9.2

/**
 * Groups of which nothing comes. Of the past, all but one time must have had so much that nothing is no chance: what
 * comes now and then is not missed.
 */
export function missingSamples(
  condition: Extract<Condition, { type: 'no_data' }>,
  found: Found,
  windows: readonly PastWindow[],
): Sample[] {
  const watch = watchedOf(condition)
  const past = historyOf(watch, found)
  const now = new Map(
    (found.answers.now ?? []).map((row) => [groupKey(groupOf(row, watch.group_by)), Number(row.count ?? 0)]),
  )
  const over = `in the last ${windowWords(condition.window_minutes)}`
  const groups: Group[] = watch.group_by.length === 0 ? [{}] : [...past.groups.values()].map(({ group }) => group)
  return groups.map((group) => {
    const hours = past.groups.get(groupKey(group))?.hours ?? new Map<number, number>()
    const value = now.get(groupKey(group)) ?? 0
    const values = pastValues(hours, windows, 'count', past.sinceOf(group), 'below')
    const usual = usualOf(values, 'count', { counted: 0, dispersion: past.dispersionOf(group) })
    const common = { group, value, severity: null, usual, unknown: null }
    if (value > 0) return { ...common, detail: `${value} came ${over}.` }
    if (usual === null) {
      const detail = `Nothing came ${over}; whether that is usual at this hour of the week is not known yet: ${values.length} comparable times are too few.`
      return { ...common, unknown: 'too_little_history', detail }
    }
    const filled = values.filter((one) => one.value >= EXPECTED_MIN).length
    if (filled < values.length - 1) {
      const why =
        usual.median < 1
          ? 'which is not unusual'
          : `where ${valueWords('count', usual.median)} are usual, too few to miss`
      return { ...common, detail: `Nothing came ${over}, ${why} at this hour of the week.` }
    }
    const detail = `Nothing came ${over}; at this hour of the week ${valueWords('count', usual.median)} usually do (${values.length} samples).`
    return { ...common, severity: 'critical', detail }
  })
}
