import type { Group, NO_DATA_MODES, Severity, Usual } from '../../contract/alert.ts'
import type { Condition } from '../../contract/alert-condition.ts'
import { groupKey, groupOf } from './group.ts'
import type { Found } from './need.ts'
import { historyOf, valueOf, type History } from './past.ts'
import type { Sample } from './sample.ts'
import { isAdditive, median, pastValues, usualOf, type PastValue, type PastWindow } from './usual.ts'
import { changeWords, valueWords, windowWords } from './words.ts'

type Spike = Extract<Condition, { type: 'spike' }>

/** The value of each group against what the same hours of the week usually had. */
export function spikeSamples(
  condition: Spike,
  noData: (typeof NO_DATA_MODES)[number],
  found: Found,
  windows: readonly PastWindow[],
): Sample[] {
  const { watch, window_minutes } = condition
  const past = historyOf(watch, found)
  const counts = isAdditive(watch.measure)
  const rows = (found.answers.now ?? []).map((row) => ({
    group: groupOf(row, watch.group_by),
    value: valueOf(row, watch),
    count: Number(row.count ?? 0),
  }))
  const seen = new Set(rows.map(({ group }) => groupKey(group)))
  const quiet = watch.group_by.length === 0 ? [{}] : condition.direction === 'below' ? groupsOf(past) : []
  for (const group of quiet) if (!seen.has(groupKey(group))) rows.push({ group, value: counts ? 0 : null, count: 0 })
  return rows.map(({ group, value, count }) => {
    const isNothing = count === 0 && (value === null || value === 0)
    if (value === null || (isNothing && !(counts && noData === 'zero'))) {
      const detail = `Nothing came in the last ${windowWords(window_minutes)}.`
      return { group, value: null, severity: null, usual: null, unknown: 'no_data', detail }
    }
    return spikeSample(condition, past, windows, { group, value, count })
  })
}

const groupsOf = (past: History) => [...past.groups.values()].map(({ group }) => group)

function spikeSample(
  condition: Spike,
  past: History,
  windows: readonly PastWindow[],
  { group, value, count }: { group: Group; value: number; count: number },
): Sample {
  const { watch, window_minutes, direction } = condition
  const { measure } = watch
  const before = past.groups.get(groupKey(group))
  const since = past.sinceOf(group)
  const values = pastValues(before?.hours ?? new Map<number, number>(), windows, measure, since, direction)
  const counted = measure.endsWith('_rate')
    ? count
    : median(pastValues(before?.counts ?? new Map<number, number>(), windows, 'count', since).map((one) => one.value))
  const usual = usualOf(values, measure, { counted, dispersion: past.dispersionOf(group) })
  const words = `${valueWords(measure, value)} in the last ${windowWords(window_minutes)}`
  if (usual === null) {
    const detail = `${words}; what is usual at this hour of the week is not known yet: ${values.length} comparable times are too few.`
    return { group, value, severity: null, usual, unknown: 'too_little_history', detail }
  }
  const found = spikeSeverity(condition, value, usual)
  const recurs = found !== null && isRecurring(condition, value, values)
  const compared = usual.median === 0 || found === null ? '' : `, ${changeWords(value, usual.median)}`
  const again = recurs ? ' It was like this at this hour in earlier weeks.' : ''
  const detail = `${words}${compared}; usual at this hour of the week is ${valueWords(measure, usual.median)} ± ${valueWords(measure, usual.deviation)} (${usual.samples} samples).${again}`
  return { group, value, severity: recurs ? null : found, usual, unknown: null, detail }
}

function spikeSeverity(condition: Spike, value: number, usual: Usual): Severity | null {
  const usually = usual.median
  const { direction, warning, critical, deviations, min_value } = condition
  const away = direction === 'above' ? value - usually : usually - value
  if (away <= 0 || deviationsOf(condition, value, usual) < deviations) return null
  if ((direction === 'below' ? usually : value) < min_value) return null
  const percent = (away / baseOf(condition, usually)) * 100
  if (critical !== null && percent >= critical) return 'critical'
  return warning !== null && percent >= warning ? 'warning' : null
}

/**
 * How many deviations a value is away. Sums of few amounts are skewed: for those above, deviations are of the root,
 * whose variance does not depend on how much there is (Anscombe, 1948), so that ten where three are usual is no alarm.
 */
function deviationsOf({ watch, direction }: Spike, value: number, { median: usually, deviation }: Usual): number {
  if (deviation === 0) return Infinity
  if (direction === 'below') return (usually - value) / deviation
  if (!isAdditive(watch.measure)) return (value - usually) / deviation
  const base = Math.max(usually, deviation)
  return (2 * Math.sqrt(base) * (Math.sqrt(Math.max(value, 0)) - Math.sqrt(base))) / deviation
}

/**
 * What percents are of. Where next to nothing is usual, any value is many times as much: then they are of what makes
 * the least value that counts just reach the lower limit, so that it takes more than that to be critical.
 */
function baseOf({ direction, warning, critical, min_value }: Spike, usually: number): number {
  const least = direction === 'above' ? min_value / (1 + (warning ?? critical ?? 0) / 100) : 0
  return Math.max(Math.abs(usually), least)
}

/** Two earlier weeks had about as much at this hour: a weekly peak, which the days between do not have. */
function isRecurring(condition: Spike, value: number, values: readonly PastValue[]): boolean {
  const { direction, warning, critical } = condition
  const weekly = values.filter((one) => one.is_weekly).map((one) => one.value)
  const second = weekly.sort((a, b) => (direction === 'above' ? b - a : a - b))[1]
  if (second === undefined) return false
  const away = direction === 'above' ? value - second : second - value
  return (away / baseOf(condition, second)) * 100 < (warning ?? critical ?? 0)
}
