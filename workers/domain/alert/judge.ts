import type { Group, NO_DATA_MODES, Severity } from '../../contract/alert.ts'
import type { Condition } from '../../contract/alert-condition.ts'
import type { Budget } from '../../contract/budget.ts'
import { nanoFromUsd } from '../money.ts'
import { groupOf } from './group.ts'
import { missingSamples } from './missing.ts'
import type { Found } from './need.ts'
import { valueOf } from './past.ts'
import { beyondOf, windowOf } from './questions.ts'
import type { Sample } from './sample.ts'
import { spikeSamples } from './spike.ts'
import { comparable } from './usual.ts'
import { surely } from './wilson.ts'
import { valueWords, windowWords } from './words.ts'

type Judged = Exclude<Condition, { type: 'burn_rate' }>
type Of<T extends Condition['type']> = Extract<Condition, { type: T }>
export interface JudgedRule {
  condition: Judged
  no_data: (typeof NO_DATA_MODES)[number]
  /** Whose budgets are judged; left out or null: all. Metrics are asked for one project already. */
  project_id?: string | null
}

/** What a rule finds now, a sample for each group; answers are those to the questions of `needOf` at the same moment. */
export function judge(rule: JudgedRule, found: Found, nowMs: number, zone: string): Sample[] {
  const { condition } = rule
  if (condition.type === 'budget') return budgetSamples(condition, budgetsOf(rule, found.budgets))
  if (condition.type === 'threshold') return thresholdSamples(rule, condition, found)
  const windows = comparable(windowOf(condition, nowMs), zone)
  return condition.type === 'spike'
    ? spikeSamples(condition, rule.no_data, found, windows)
    : missingSamples(condition, found, windows)
}

/** Of a group that was there before and of which nothing came now. */
export function absent({ condition, no_data }: JudgedRule, group: Group): Sample {
  if (condition.type !== 'threshold' || no_data !== 'zero') {
    const over = 'window_minutes' in condition ? ` in the last ${windowWords(condition.window_minutes)}` : ''
    return { group, value: null, severity: null, usual: null, unknown: 'no_data', detail: `Nothing came${over}.` }
  }
  return thresholdSample(condition, group, { value: 0, count: 0, within: null }, 'nothing came, which counts as zero')
}

function thresholdSamples(rule: JudgedRule, condition: Of<'threshold'>, found: Found): Sample[] {
  const { watch, min_count, window_minutes } = condition
  const rows = found.answers.now ?? []
  if (rows.length === 0 && watch.group_by.length === 0) return [absent(rule, {})]
  return rows.map((row) => {
    const group = groupOf(row, watch.group_by)
    const [value, count] = [valueOf(row, watch), Number(row.count ?? 0)]
    const within = typeof row.latency_within_rate === 'number' ? row.latency_within_rate : null
    if (value === null || (count === 0 && value === 0)) return absent(rule, group)
    if (count >= min_count) return thresholdSample(condition, group, { value, count, within }, '')
    const detail = `${count} came in the last ${windowWords(window_minutes)}, fewer than the ${min_count} that are judged.`
    return { group, value, severity: null, usual: null, unknown: 'too_few', detail }
  })
}

function thresholdSample(condition: Of<'threshold'>, group: Group, seen: Seen, note: string): Sample {
  const { watch, window_minutes, direction, warning, critical } = condition
  const { measure } = watch
  const { value, count } = seen
  const isOver = (limit: number | null) => limit !== null && (direction === 'above' ? value > limit : value < limit)
  // A zero that stands for nothing has no operations that chance could have played with.
  const isSure = (limit: number | null) => limit !== null && (count === 0 || isBeyondChance(condition, limit, seen))
  const passes = (limit: number | null) => isOver(limit) && isSure(limit)
  const severity: Severity | null = passes(critical) ? 'critical' : passes(warning) ? 'warning' : null
  const limit = severity === 'critical' ? critical : (warning ?? critical)
  const words = `${valueWords(measure, value)} in the last ${windowWords(window_minutes)}${note && ` (${note})`}`
  if (limit === null) return { group, value, severity, usual: null, unknown: null, detail: `${words}.` }
  const isChance = severity === null && isOver(limit)
  const against = severity !== null || isChance ? `, ${direction} the limit of` : '; the limit is'
  const chance = isChance ? `; of ${count} that may be chance` : ''
  const detail = `${words}${against} ${valueWords(measure, limit)}${chance}.`
  return { group, value, severity, usual: null, unknown: null, detail }
}

interface Seen {
  value: number
  count: number
  /** Share of latencies within the lower limit of a percentile. */
  within: number | null
}

/** Rates, and shares of latencies, of few operations pass a limit by chance. A percentile is one of the share beyond it. */
function isBeyondChance({ watch, direction }: Of<'threshold'>, limit: number, { value, count, within }: Seen): boolean {
  const share = beyondOf(watch.measure)
  if (share !== null) return within === null || surely('above', 1 - within, count, share)
  return !watch.measure.endsWith('_rate') || surely(direction, value, count, limit)
}

/** A rule of a project is about the budgets of that project. */
function budgetsOf({ project_id = null }: JudgedRule, budgets: readonly Budget[]): readonly Budget[] {
  return budgets.filter(({ scope }) => project_id === null || (scope.type === 'project' && scope.id === project_id))
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
    const more = nanoFromUsd(extension?.amount_usd ?? '0') ?? 0
    const limit = (nanoFromUsd(limit_usd) ?? 0) + more
    const value = limit === 0 ? 0 : ((nanoFromUsd(spent_usd) ?? 0) / limit) * 100
    const reaches = (share: number | null) => share !== null && value >= share
    const severity = reaches(critical) ? 'critical' : reaches(warning) ? 'warning' : null
    const [spent, whole] = [valueWords('cost_usd', Number(spent_usd)), valueWords('cost_usd', limit / 1e9)]
    const extended = more > 0 ? ` (with an extension of ${valueWords('cost_usd', more / 1e9)})` : ''
    const detail = `“${name}” has spent ${spent} of ${whole}${extended}, ${Math.floor(value)} %; it begins anew at ${minuteWords(resets_at)}.`
    return { group: { budget_id: id }, value, severity, usual: null, unknown: null, detail }
  })
}

/** `2026-12-01 00:00 UTC` */
const minuteWords = (time: string) => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
