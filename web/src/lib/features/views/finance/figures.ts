import type { SpendAnswer } from '../../../../../../workers/contract/api.ts'
import type { BudgetDetail } from '../../../budgets.ts'
import { dayStart, monthStart } from '../../../zone.ts'
import { HOUR_MS } from '../../filters/range.ts'
import type { Ask } from '../ask.ts'
import type { Figure, PanelSpec, Scope } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { usdEach } from '../shape.ts'
import { plannedFor } from './plans.ts'

export const spendFigures: PanelSpec = {
  id: 'finance.figures',
  title: 'Spend',
  unit: 'US dollars, from the ledger',
  definition:
    'Sums of ledger entries, exact to the nano-dollar. The change is against the compared period as far as the range has got. Today and this month are those of the zone that the page names, whatever the range.',
  span: 12,
  height: 180,
  async load(ask, scope) {
    const [now, before, month, unpriced, plan] = await Promise.all([
      ask.spend(['org']),
      ask.spendBefore(['org']),
      ask.spend(['day'], soFar(scope)),
      mostUnpriced(ask),
      plannedFor(ask, scope),
    ])
    return { type: 'figures', figures: figuresOf(scope, { now, before, month, unpriced, plan }) }
  },
}

export interface Found {
  /** Of the range, and of the period that is compared with. */
  now: SpendAnswer
  before: SpendAnswer | null
  /** This month by day. */
  month: SpendAnswer
  /** The model that most of the unpriced entries are of. */
  unpriced: string | null
  plan: { budget: string; month: BudgetDetail['variance'][number] } | null
}

export function figuresOf(scope: Scope, { now, before, month, unpriced, plan }: Found): Figure[] {
  const today = dayStart(scope.nowMs, scope.range.zone)
  const entries = count(now, 'entries')
  const lacking = count(now, 'unpriced')
  const traces = tracesHref(scope)
  const compared = before === null ? null : { total: before.total_cost_usd, entries: count(before, 'entries') }
  return [
    {
      key: 'range',
      label: 'Spend of the range',
      format: 'usd',
      value: now.total_cost_usd,
      ...(compared && { before: compared.total }),
      better: 'less',
      href: traces,
    },
    {
      key: 'today',
      label: 'Today',
      format: 'usd',
      value: month.data.find((row) => Date.parse(String(row.day)) === today)?.cost_usd ?? '0.000000000',
      href: tracesHref(scope, {}, { from_ms: today, to_ms: scope.nowMs + 1 }),
    },
    { key: 'month', label: 'This month', format: 'usd', value: month.total_cost_usd },
    ...planFigures(scope, plan),
    {
      key: 'entries',
      label: 'Billable events',
      format: 'count',
      value: entries,
      ...(compared && { before: compared.entries }),
      definition: 'Entries of the ledger: each event that costs something, once.',
      href: traces,
    },
    {
      key: 'each',
      label: 'Per billable event',
      format: 'usd',
      value: usdEach(now.total_cost_usd, entries),
      ...(compared && { before: usdEach(compared.total, compared.entries) }),
      better: 'less',
      definition: 'Spend ÷ billable events, rounded half up to the nano-dollar.',
    },
    {
      key: 'unpriced',
      label: 'Unpriced entries',
      format: 'count',
      value: lacking,
      definition: 'Entries whose model has no price in the catalogue and that came without a cost: they count as 0.',
      ...(unpriced !== null && { href: tracesHref(scope, { model: unpriced }), note: `most are of ${unpriced}` }),
    },
  ]
}

function planFigures({ org }: Scope, plan: Found['plan']): Figure[] {
  if (plan === null)
    return [
      {
        key: 'planned',
        label: 'Planned this month',
        format: 'usd',
        value: null,
        href: `/${org}/budgets`,
        note: 'no budget of exactly this has a plan',
      },
    ]
  const { budget, month } = plan
  return [
    { key: 'planned', label: 'Planned this month', format: 'usd', value: month.planned_usd, note: budget },
    {
      key: 'variance',
      label: 'Variance so far',
      format: 'usd',
      value: month.difference_usd,
      definition: 'Spent this month, in the zone of the organization, less what is planned for the whole month.',
      note: 'the month is not over',
    },
  ]
}

/** From the month’s start to the end of this hour, up to which the ledger keeps sums. */
function soFar({ nowMs, range }: Scope): { from_ms: number; to_ms: number } {
  return { from_ms: monthStart(nowMs, range.zone), to_ms: Math.ceil((nowMs + 1) / HOUR_MS) * HOUR_MS }
}

async function mostUnpriced(ask: Ask): Promise<string | null> {
  const { data } = await ask.spend(['provider', 'model'])
  const [most] = data.filter((row) => row.unpriced > 0).sort((a, b) => b.unpriced - a.unpriced)
  return String(most?.model ?? '') || null
}

function count({ data }: SpendAnswer, name: 'entries' | 'unpriced'): number {
  return data.reduce((sum, row) => sum + row[name], 0)
}
