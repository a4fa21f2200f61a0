import type { Budget } from '../../../contract/budget.ts'
import type { WorkControls } from '../../../contract/control.ts'
import type { BudgetSeen, ReserveBatchAnswer, SettleAnswer } from '../../../contract/guard.ts'
import type { BudgetState, Verdict } from '../../../domain/budget/decide.ts'
import type { Refusal } from '../../../domain/control/check.ts'
import { usd } from '../../../domain/money.ts'
import { unledgered } from '../../../domain/budget/reservation.ts'
import type { OpenBudget } from './book.ts'
import type { Reservation } from './reservation-rows.ts'

const HOLDERS_MAX = 20
const iso = (ms: number) => new Date(ms).toISOString()
const known = (id: string) => (id === '' ? null : id)

/** What a caller of the guard sees of a budget. */
export function seen(budget: OpenBudget): BudgetSeen {
  return {
    id: budget.id,
    name: budget.stored.config.name,
    hard: budget.hard,
    limit_usd: usd(budget.limit),
    spent_usd: usd(budget.spent),
    reserved_usd: usd(budget.reserved),
    left_usd: usd(left(budget)),
    resets_at: iso(budget.span.to_ms),
  }
}

/** What people see of a budget. */
export function budgetView(
  budget: OpenBudget,
  zone: string,
  forecast: Pick<Budget, 'forecast' | 'forecast_reason'>,
): Budget {
  const { stored, extension, span } = budget
  const { limit_usd: _, ...config } = stored.config
  return {
    ...config,
    id: budget.id,
    scope: { type: stored.scope, id: known(stored.scope_id) },
    limit_usd: usd(budget.limit - BigInt(extension?.amount ?? 0)),
    planned_usd: config.planned_usd,
    time_zone: zone,
    extension: extension && { amount_usd: usd(extension.amount), until: iso(extension.until_ms) },
    spent_usd: usd(budget.spent),
    reserved_usd: usd(budget.reserved),
    left_usd: usd(left(budget)),
    period_start: iso(span.from_ms),
    resets_at: iso(span.to_ms),
    ...forecast,
    created_at: iso(stored.created_ms),
  }
}

const PLAIN: Omit<ReserveBatchAnswer, 'decision' | 'budgets'> = {
  reservations: [],
  reason: null,
  detail: null,
  refused_by: [],
  downgrade_to: null,
  approval_id: null,
  holders: [],
  error_type: null,
  control_id: null,
  retry_at: null,
  refused_work: null,
}

export function allowed(
  made: readonly Reservation[],
  budgets: readonly OpenBudget[],
  controls: readonly (WorkControls | null)[],
): ReserveBatchAnswer {
  return {
    ...PLAIN,
    decision: 'allow',
    reservations: made.map(({ id, expires_ms }, i) => ({
      reservation_id: id,
      expires_at: iso(expires_ms),
      controls: controls[i] ?? null,
    })),
    budgets: budgets.map(seen),
  }
}

/** What a run-time control says no to; nothing is taken of any budget. */
export function stopped(
  { refusal, at }: { refusal: Refusal; at: number },
  budgets: readonly OpenBudget[],
): ReserveBatchAnswer {
  return {
    ...PLAIN,
    decision: 'deny',
    reason: refusal.reason,
    detail: refusal.detail,
    budgets: budgets.map(seen),
    error_type: refusal.error_type,
    control_id: refusal.control.id,
    retry_at: refusal.retry_at_ms === null ? null : iso(refusal.retry_at_ms),
    refused_work: at,
  }
}

export function refused(
  { decision, reason, refused_by }: Verdict,
  budgets: readonly OpenBudget[],
  active: Iterable<Reservation>,
): ReserveBatchAnswer {
  const by = budgets.filter((budget) => refused_by.includes(budget))
  return {
    ...PLAIN,
    decision,
    reason,
    detail: detailOf(reason, by),
    refused_by: by.map(({ id }) => id),
    downgrade_to: by.find(({ on_limit }) => on_limit === 'downgrade')?.stored.config.downgrade_to ?? null,
    error_type: reason === 'budget_exceeded' ? 'budget_exceeded' : 'policy_blocked',
    budgets: budgets.map(seen),
    holders: largest(active, by).map((r) => ({
      reservation_id: r.id,
      held_usd: usd(r.held),
      agent_id: known(r.subject.agent),
      workflow_id: known(r.subject.workflow),
      expires_at: iso(r.expires_ms),
    })),
  }
}

/** The reservations that hold most of these budgets: one look at each, since a full budget is asked again and again. */
function largest(active: Iterable<Reservation>, budgets: readonly OpenBudget[]): Reservation[] {
  const places = budgets.map(({ stored }) => stored)
  const top: Reservation[] = []
  for (const r of active) {
    const least = top.length < HOLDERS_MAX ? 0n : (top.at(-1)?.held ?? 0n)
    if (r.held <= least) continue
    if (!places.some(({ scope, scope_id }) => scope === 'org' || r.subject[scope] === scope_id)) continue
    const at = top.findIndex(({ held }) => held < r.held)
    top.splice(at < 0 ? top.length : at, 0, r)
    if (top.length > HOLDERS_MAX) top.pop()
  }
  return top
}

export function settledAnswer(r: Reservation, repeated: boolean, budgets: readonly OpenBudget[]): SettleAnswer {
  const spent = r.settled > r.evented ? r.settled : r.evented
  return {
    reservation_id: r.id,
    state: r.state,
    settled_usd: usd(r.settled),
    spent_usd: usd(spent),
    held_usd: usd(r.held),
    over_estimate_usd: usd(spent > r.estimate ? spent - r.estimate : 0n),
    repeated,
    budgets: budgets.map(seen),
  }
}

/** What people see of a reservation. */
export function reservationView(r: Reservation) {
  return {
    id: r.id,
    state: r.state,
    estimate_usd: usd(r.estimate),
    held_usd: usd(r.held),
    spent_usd: usd(r.settled > r.evented ? r.settled : r.evented),
    unconfirmed_usd: usd(unledgered(r)),
    project_id: r.subject.project,
    agent_id: known(r.subject.agent),
    workflow_id: known(r.subject.workflow),
    provider: known(r.subject.provider),
    model: known(r.subject.model),
    user_id: known(r.subject.user),
    created_at: iso(r.created_ms),
    expires_at: iso(r.expires_ms),
  }
}

function left({ limit, spent, reserved }: BudgetState): bigint {
  const rest = limit - spent - reserved
  return rest > 0n ? rest : 0n
}

function detailOf(reason: Verdict['reason'], by: readonly OpenBudget[]): string {
  if (reason === 'unpriced_model')
    return `The model has no price, and “${by[0]?.stored.config.name ?? ''}” lets in only what has one.`
  return by
    .map(
      (budget) =>
        `“${budget.stored.config.name}” has ${usd(left(budget))} USD left of ${usd(budget.limit)}, until ${iso(budget.span.to_ms)}.`,
    )
    .join(' ')
}
