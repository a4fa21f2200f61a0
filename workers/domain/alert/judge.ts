import type { Group, NO_DATA_MODES, Severity } from '../../contract/alert.ts'
import type { Condition, Watched } from '../../contract/alert-condition.ts'
import type { Budget } from '../../contract/budget.ts'
import type { MetricsRow } from '../../contract/metrics.ts'
import { nanoFromUsd } from '../money.ts'
import { groupKey, groupOf } from './group.ts'
import type { Found } from './need.ts'
import { watchedOf, windowOf } from './questions.ts'
import type { Sample } from './sample.ts'
import { comparable, pastValues, usualOf, type Hours } from './usual.ts'
import { changeWords, valueWords, windowWords } from './words.ts'

type Judged = Exclude<Condition, { type: 'burn_rate' }>
type Of<T extends Condition['type']> = Extract<Condition, { type: T }>
export interface JudgedRule {
  condition: Judged
  no_data: (typeof NO_DATA_MODES)[number]
}

/** What a rule finds now, a sample for each group; answers are those to the questions of `needOf` at the same moment. */
export function judge(rule: JudgedRule, found: Found, nowMs: number, zone: string): Sample[] {
  const { condition } = rule
  if (condition.type === 'budget') return budgetSamples(condition, found.budgets)
  if (condition.type === 'threshold') return thresholdSamples(rule, condition, found)
  const past = pastOf(watchedOf(condition), found)
  const windows = comparable(windowOf(condition, nowMs), zone)
  return condition.type === 'spike'
    ? spikeSamples(condition, found, past, windows)
    : noDataSamples(condition, found, past, windows)
}

/** Of a group that was there before and of which nothing came now. */
export function absent({ condition, no_data }: JudgedRule, group: Group): Sample {
  if (condition.type !== 'threshold' || no_data !== 'zero') {
    const over = 'window_minutes' in condition ? ` in the last ${windowWords(condition.window_minutes)}` : ''
    return { group, value: null, severity: null, usual: null, unknown: 'no_data', detail: `Nothing came${over}.` }
  }
  return thresholdSample(condition, group, 0, 'counted as nothing')
}

function thresholdSamples(rule: JudgedRule, condition: Of<'threshold'>, found: Found): Sample[] {
  const { watch, min_count, window_minutes } = condition
  const rows = found.answers.now ?? []
  if (rows.length === 0 && watch.group_by.length === 0) return [absent(rule, {})]
  return rows.map((row) => {
    const group = groupOf(row, watch.group_by)
    const [value, count] = [valueOf(row, watch), Number(row.count ?? 0)]
    if (value === null) return absent(rule, group)
    if (count >= min_count) return thresholdSample(condition, group, value, '')
    const detail = `${count} came in the last ${windowWords(window_minutes)}, fewer than the ${min_count} that are judged.`
    return { group, value, severity: null, usual: null, unknown: 'too_few', detail }
  })
}

function thresholdSample(condition: Of<'threshold'>, group: Group, value: number, note: string): Sample {
  const { watch, window_minutes, direction, warning, critical } = condition
  const isOver = (limit: number | null) => limit !== null && (direction === 'above' ? value > limit : value < limit)
  const severity: Severity | null = isOver(critical) ? 'critical' : isOver(warning) ? 'warning' : null
  const limit = severity === 'warning' ? warning : (critical ?? warning)
  const words = `${valueWords(watch.measure, value)} in the last ${windowWords(window_minutes)}${note && ` (${note})`}`
  const against =
    limit === null
      ? ''
      : `, ${severity === null ? 'the' : `${direction} the`} limit is ${valueWords(watch.measure, limit)}`
  return { group, value, severity, usual: null, unknown: null, detail: `${words}${against}.` }
}

interface Past {
  hours: Hours
  since_ms: number
  group: Group
}

/** The past of each group, by its key. */
function pastOf(watch: Watched, found: Found): Map<string, Past> {
  const groups = new Map<string, { hours: Map<number, number>; since_ms: number; group: Group }>()
  for (const row of found.answers.history ?? []) {
    const value = valueOf(row, watch)
    if (value === null) continue
    const group = groupOf(row, watch.group_by)
    const at = Date.parse(String(row.time))
    const known = groups.get(groupKey(group)) ?? { hours: new Map<number, number>(), since_ms: at, group }
    known.hours.set(at, value)
    known.since_ms = Math.min(known.since_ms, at)
    groups.set(groupKey(group), known)
  }
  return groups
}

function spikeSamples(
  condition: Of<'spike'>,
  found: Found,
  past: ReadonlyMap<string, Past>,
  windows: ReturnType<typeof comparable>,
): Sample[] {
  const { watch, window_minutes } = condition
  const rows = found.answers.now ?? []
  const over = `in the last ${windowWords(window_minutes)}`
  if (rows.length === 0 && watch.group_by.length === 0 && past.size === 0)
    return [
      { group: {}, value: null, severity: null, usual: null, unknown: 'no_data', detail: `Nothing came ${over}.` },
    ]
  const given = rows.length === 0 && watch.group_by.length === 0 ? [{ [watch.measure]: 0 }] : rows
  return given.map((row) => {
    const group = groupOf(row, watch.group_by)
    const value = valueOf(row, watch)
    if (value === null)
      return { group, value, severity: null, usual: null, unknown: 'no_data', detail: `Nothing came ${over}.` }
    const before = past.get(groupKey(group))
    const values = before ? pastValues(before.hours, windows, watch.measure, before.since_ms) : []
    const usual = usualOf(values, watch.measure)
    const words = `${valueWords(watch.measure, value)} ${over}`
    if (usual === null) {
      const detail = `${words}; what is usual at this hour of the week is not known yet: ${values.length} comparable times are too few.`
      return { group, value, severity: null, usual, unknown: 'too_little_history', detail }
    }
    const { median, deviation, samples } = usual
    const severity = spikeSeverity(condition, value, usual)
    const compared = median === 0 || severity === null ? '' : `, ${changeWords(value, median)}`
    const detail = `${words}${compared}; usual at this hour of the week is ${valueWords(watch.measure, median)} ± ${valueWords(watch.measure, deviation)} (${samples} samples).`
    return { group, value, severity, usual, unknown: null, detail }
  })
}

function spikeSeverity(
  { direction, warning, critical, deviations, min_value }: Of<'spike'>,
  value: number,
  { median, deviation }: { median: number; deviation: number },
): Severity | null {
  const away = direction === 'above' ? value - median : median - value
  // Where usually nothing comes, anything is infinitely more: then only the least value decides.
  if (away <= 0 || away < deviations * deviation || (median === 0 && min_value === 0)) return null
  if (Math.max(value, direction === 'below' ? median : 0) < min_value) return null
  const percent = median === 0 ? Infinity : (away / Math.abs(median)) * 100
  if (critical !== null && percent >= critical) return 'critical'
  return warning !== null && percent >= warning ? 'warning' : null
}

/** Of the past, all but one time must have had something: what comes now and then is not missed. */
function noDataSamples(
  condition: Of<'no_data'>,
  found: Found,
  past: ReadonlyMap<string, Past>,
  windows: ReturnType<typeof comparable>,
): Sample[] {
  const watch = watchedOf(condition)
  const now = new Map((found.answers.now ?? []).map((row) => [groupKey(groupOf(row, watch.group_by)), row]))
  const over = `in the last ${windowWords(condition.window_minutes)}`
  const known: Past[] =
    past.size === 0 && watch.group_by.length === 0
      ? [{ hours: new Map<number, number>(), since_ms: Infinity, group: {} }]
      : [...past.values()]
  return known.map(({ hours, since_ms, group }) => {
    const value = Number(now.get(groupKey(group))?.count ?? 0)
    const values = pastValues(hours, windows, watch.measure, since_ms)
    const usual = usualOf(values, watch.measure)
    const common = { group, value, usual }
    if (value > 0) return { ...common, severity: null, unknown: null, detail: `${value} came ${over}.` }
    if (usual === null)
      return {
        ...common,
        severity: null,
        unknown: 'too_little_history',
        detail: `Nothing came ${over}; whether that is usual at this hour of the week is not known yet: ${values.length} comparable times are too few.`,
      }
    const filled = values.filter((one) => one > 0).length
    const isUsual = filled >= values.length - 1 && usual.median > 0
    const detail = isUsual
      ? `Nothing came ${over}; at this hour of the week something did ${filled} of ${values.length} times, ${valueWords(watch.measure, usual.median)} usually.`
      : `Nothing came ${over}, which is not unusual at this hour of the week.`
    return { ...common, severity: isUsual ? 'critical' : null, unknown: null, detail }
  })
}

function budgetSamples({ budget_id, warning, critical }: Of<'budget'>, budgets: readonly Budget[]): Sample[] {
  const watched = budgets.filter(({ id }) => budget_id === null || id === budget_id)
  if (watched.length === 0 && budget_id !== null)
    return [
      {
        group: { budget_id },
        value: null,
        severity: null,
        usual: null,
        unknown: 'no_data',
        detail: 'The budget does not exist any more.',
      },
    ]
  return watched.map(({ id, name, spent_usd, limit_usd, extension, resets_at }) => {
    const limit = (nanoFromUsd(limit_usd) ?? 0) + (nanoFromUsd(extension?.amount_usd ?? '0') ?? 0)
    const value = limit === 0 ? 0 : ((nanoFromUsd(spent_usd) ?? 0) / limit) * 100
    const reaches = (share: number | null) => share !== null && value >= share
    const severity = reaches(critical) ? 'critical' : reaches(warning) ? 'warning' : null
    const [spent, whole] = [valueWords('cost_usd', Number(spent_usd)), valueWords('cost_usd', limit / 1e9)]
    const detail = `“${name}” has spent ${spent} of ${whole}, ${Math.floor(value)} %, until ${resets_at}.`
    return { group: { budget_id: id }, value, severity, usual: null, unknown: null, detail }
  })
}

/** Money comes as a decimal string. */
function valueOf(row: MetricsRow, { measure }: Watched): number | null {
  const value = row[measure]
  return value === null || value === undefined ? null : Number(value)
}
