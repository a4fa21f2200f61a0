import type { CanonicalEvent } from '../../../contract/event.ts'
import { usd } from '../../../domain/money.ts'
import type { Hit } from './book.ts'
import type { Outgoing, Project } from './outbox.ts'
import type { Reservation } from './reservation-rows.ts'

/** Says once in a period that a budget has reached a threshold. */
export function thresholdEvent({ budget, percent }: Hit, project: Project, nowMs: number): Outgoing {
  const { id, stored, span } = budget
  const mark = `budget:${id}:${span.from_ms}:${percent}`
  return {
    project,
    isUrgent: true,
    event: {
      event_type: 'agent.budget.threshold_hit',
      timestamp: nowMs,
      trace_id: `budget-${id}-${span.from_ms}`,
      span_id: mark,
      event_id: mark,
      ...(stored.scope === 'agent' && { agent_id: stored.scope_id }),
      ...(stored.scope === 'workflow' && { workflow_id: stored.scope_id }),
      attributes: {
        'budget.id': id,
        'budget.name': stored.config.name,
        'budget.threshold_percent': percent,
        'budget.limit_usd': usd(budget.limit),
        'budget.spent_usd': usd(budget.spent),
        'budget.period_start': new Date(span.from_ms).toISOString(),
      },
    },
  }
}

/** Brings into the ledger what was settled and no event has told, or takes back what an event told later. */
export function settlementEvent(r: Reservation, amount: bigint): Outgoing {
  const mark = `guard:${r.id}:${r.bookings}`
  const { workspace, project, agent, workflow, provider, model, user } = r.subject
  const event: CanonicalEvent & { event_id: string } = {
    event_type: 'agent.budget.settlement',
    timestamp: r.spent_ms ?? r.created_ms,
    trace_id: r.trace_id ?? `guard-${r.id}`,
    span_id: mark,
    event_id: mark,
    reservation_id: r.id,
    cost_nanousd: Number(amount),
    ...(agent !== '' && { agent_id: agent }),
    ...(workflow !== '' && { workflow_id: workflow }),
    ...(provider !== '' && { provider }),
    ...(model !== '' && { model }),
    ...(user !== '' && { user_id: user }),
  }
  return { project: { workspace_id: workspace, project_id: project }, event, isUrgent: true }
}
