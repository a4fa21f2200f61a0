import { RuleCreate, type Condition } from '$lib/alerts.ts'
import { Watched } from '../../../../../workers/contract/alert-condition.ts'
import { DIMENSIONS } from '../../../../../workers/contract/metrics.ts'

export { DIMENSIONS }
/** What a rule may watch: less than there is. */
export const KINDS = Watched.shape.kind.unwrap().options
export const MEASURES = Watched.shape.measure.options
export const FILTERS_SHOWN = 3
export const WINDOWS = [1, 5, 10, 15, 30, 60, 180, 360, 720, 1440] as const
export const FOR_MINUTES = [0, 1, 2, 5, 10, 15, 30, 60] as const
const PERCENT = 100

/** Rates are typed in percent; everything else in the unit of its measure. */
export const isRate = (measure: string) => measure.endsWith('_rate')

/** The unit that a limit on a measure is typed in. */
export function unitOf(measure: string): string {
  if (isRate(measure)) return '%'
  if (measure.endsWith('_ms')) return 'ms'
  return measure.endsWith('_usd') ? 'US dollars' : ''
}

/** A limit as it is typed. */
export function shownLimit(condition: Condition, value: number | null): string {
  if (value === null) return ''
  const factor = condition.type === 'threshold' && isRate(condition.watch.measure) ? PERCENT : 1
  return String(Number((value * factor).toPrecision(12)))
}

export type RuleErrors = Record<string, string>
export type RuleParsed = { ok: true; rule: RuleCreate } | { ok: false; errors: RuleErrors }

/** Reads the form of a rule; errors are by the path of what is wrong, joined by dots. */
export function ruleFrom(form: FormData): RuleParsed {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const escalates = text('escalation_after') !== ''
  const parsed = RuleCreate.safeParse({
    name: text('name'),
    preset: text('preset') || 'custom',
    condition: conditionFrom(form),
    project_id: text('project_id') || null,
    for_minutes: Number(text('for_minutes') || '0'),
    no_data: text('no_data') || 'show',
    notify_per: text('notify_per') || 'rule',
    channels: form.getAll('channels').map(String),
    escalation: escalates
      ? { after_minutes: Number(text('escalation_after')), channels: form.getAll('escalation_channels').map(String) }
      : null,
    runbook_url: text('runbook_url') || null,
  })
  if (parsed.success) return { ok: true, rule: parsed.data }
  // Of one field, the first thing that is wrong.
  const issues = parsed.error.issues.toReversed()
  return { ok: false, errors: Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message])) }
}

function conditionFrom(form: FormData): unknown {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const number = (name: string) => (text(name) === '' ? null : Number(text(name)))
  const type = text('type')
  if (type === 'budget')
    return { type, budget_id: text('budget_id') || null, warning: number('warning'), critical: number('critical') }
  const watch = {
    kind: text('kind'),
    measure: text('measure'),
    group_by: form.getAll('group_by').map(String).filter(Boolean),
    filters: filtersFrom(form),
    ...(text('measure') === 'latency_within_rate' && { within_ms: number('within_ms') ?? undefined }),
  }
  const window_minutes = Number(text('window_minutes'))
  if (type === 'no_data') return { type, watch, window_minutes }
  const scale = type === 'threshold' && isRate(watch.measure) ? PERCENT : 1
  const scaled = (name: string) => {
    const value = number(name)
    return value === null ? null : value / scale
  }
  const common = {
    type,
    watch,
    window_minutes,
    direction: text('direction'),
    warning: scaled('warning'),
    critical: scaled('critical'),
  }
  return type === 'spike'
    ? { ...common, deviations: number('deviations') ?? undefined, min_value: number('min_value') ?? undefined }
    : { ...common, min_count: number('min_count') ?? undefined }
}

function filtersFrom(form: FormData): unknown[] {
  const values = form.getAll('filter_value').map((value) => String(value).trim())
  return form.getAll('filter_dimension').flatMap((dimension, i) => {
    const given = (values[i] ?? '').split(',').map((value) => value.trim())
    return dimension === '' || given.every((value) => value === '')
      ? []
      : [{ dimension: String(dimension), op: form.getAll('filter_op')[i] === 'neq' ? 'neq' : 'eq', values: given }]
  })
}
