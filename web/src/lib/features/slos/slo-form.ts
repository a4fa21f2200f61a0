import { SloCreate, type Indicator, type Slo, type SloUpdate } from '$lib/slos.ts'
import { DIMENSIONS } from '../../../../../workers/contract/metrics.ts'

export { DIMENSIONS }
export const FILTERS_SHOWN = 2
export const WINDOWS = [7, 28, 30] as const
const PERCENT = 100
/** So many digits of a share survive being typed in percent. */
const DIGITS = 12

export type SloErrors = Record<string, string>
export type SloParsed = { ok: true; slo: SloCreate } | { ok: false; errors: SloErrors }

/** What a new objective begins with. */
export const NEW_SLO: SloCreate = {
  name: '',
  indicator: { type: 'success_rate', kind: 'request', filters: [] },
  objective: 0.99,
  window_days: 28,
  project_id: null,
  alerts: 'both',
  channels: [],
}

export const percentOf = (share: number) => String(Number((share * PERCENT).toPrecision(DIGITS)))

/** Reads the form of an objective; errors are by the path of what is wrong, joined by dots. */
export function sloFrom(form: FormData): SloParsed {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const parsed = SloCreate.safeParse({
    name: text('name'),
    indicator: indicatorFrom(form),
    ...(text('type') !== 'budget_variance' && { objective: shareFrom(text('objective')) }),
    window_days: Number(text('window_days')),
    project_id: text('project_id') || null,
    alerts: text('alerts') || null,
    channels: form.getAll('channels').map(String),
  })
  if (parsed.success) return { ok: true, slo: parsed.data }
  // Of one field, the first thing that is wrong.
  const issues = parsed.error.issues.toReversed()
  return { ok: false, errors: Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message])) }
}

/** What of it a change may name: the project of a budget is the budget's. */
export function changeOf({ project_id, ...slo }: SloCreate): SloUpdate {
  return slo.indicator.type === 'budget_variance' ? slo : { ...slo, project_id }
}

/** An objective as its form begins. */
export function editable({ name, indicator, objective, window_days, project_id, alerts, channels }: Slo): SloCreate {
  return { name, indicator, objective, window_days, project_id, alerts, channels }
}

function indicatorFrom(form: FormData): unknown {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const type = text('type') as Indicator['type']
  if (type === 'budget_variance') return { type, budget_id: text('budget_id'), tolerance: shareFrom(text('tolerance')) }
  const counted = { type, kind: text('kind'), filters: filtersFrom(form) }
  return type === 'latency' ? { ...counted, threshold_ms: numberFrom(text('threshold_ms')) } : counted
}

/** Percent, as typed; a comma for a point is understood. */
function shareFrom(text: string): number {
  return Number((numberFrom(text) / PERCENT).toPrecision(DIGITS))
}

const numberFrom = (text: string) => (text === '' ? Number.NaN : Number(text.replace(',', '.').replace(/\s*%$/, '')))

function filtersFrom(form: FormData): unknown[] {
  const values = form.getAll('filter_value').map((value) => String(value))
  return form.getAll('filter_dimension').flatMap((dimension, i) => {
    const given = (values[i] ?? '')
      .split(',')
      .map((value) => value.trim())
      .filter((value) => value !== '')
    return dimension === '' || given.length === 0
      ? []
      : [{ dimension: String(dimension), op: form.getAll('filter_op')[i] === 'neq' ? 'neq' : 'eq', values: given }]
  })
}
