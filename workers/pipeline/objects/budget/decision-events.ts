import type { CanonicalEvent } from '../../../contract/event.ts'
import type { Check, Refusal } from '../../../domain/control/check.ts'
import type { OpenControl } from '../../../domain/control/limits.ts'
import type { Change } from './breakers.ts'
import type { Asked } from './controls.ts'
import type { Outgoing } from './outbox.ts'

const MINUTE_MS = 60_000

export interface Decision {
  /** The event's identity: the same decision is the same event. */
  mark: string
  policy: string
  asked: Asked
  checks: readonly Check[]
  refusal: Refusal | null
  nowMs: number
}

/** Says what controls decided about work, with the numbers that decided it. */
export function decisionEvent({ mark, policy, asked, checks, refusal, nowMs }: Decision): Outgoing {
  const { work, subject, reservationId } = asked
  const [first] = checks
  const { agent_id, workflow_id, user_id, provider, model, tool_name, attempt } = work
  const event: CanonicalEvent & { event_id: string } = {
    event_type: 'agent.policy.decision',
    timestamp: nowMs,
    // Work without a trace: decisions of a minute lie together.
    trace_id: work.trace_id ?? `control-${first?.control.id ?? ''}-${Math.floor(nowMs / MINUTE_MS)}`,
    span_id: mark,
    event_id: mark,
    policy_id: policy,
    policy_result: refusal === null ? 'allow' : 'block',
    status: refusal === null ? 'ok' : 'blocked',
    ...(agent_id != null && { agent_id }),
    ...(workflow_id != null && { workflow_id }),
    ...(user_id != null && { user_id }),
    ...(provider != null && { provider }),
    ...(model != null && { model }),
    ...(tool_name != null && { tool_name }),
    ...(attempt != null && { attempt }),
    ...(refusal === null ? { reservation_id: reservationId } : { error_type: refusal.error_type }),
    attributes: {
      'control.id': first?.control.id,
      'control.name': first?.control.name,
      ...Object.fromEntries(
        checks.flatMap(({ measure, value, limit }) => [
          [`control.${measure}`, value],
          [`control.${measure}_limit`, limit],
        ]),
      ),
      ...(refusal !== null && { 'control.reason': refusal.reason, 'control.detail': refusal.detail }),
    },
  }
  return { project: { workspace_id: subject.workspace, project_id: subject.project }, event, isUrgent: false }
}

/** Says that a circuit breaker changed its state. */
export function breakerEvent({ stored, from }: Change, control: OpenControl): Outgoing {
  const { breaker, provider, model } = stored
  const mark = `breaker:${stored.id}:${breaker.since_ms}:${breaker.changes}`
  const isOpen = breaker.state === 'open'
  return {
    project: stored.place,
    isUrgent: true,
    event: {
      event_type: 'agent.policy.decision',
      timestamp: breaker.since_ms,
      trace_id: `breaker-${stored.id}`,
      span_id: mark,
      event_id: mark,
      policy_id: `control:${control.id}:circuit_breaker`,
      policy_result: isOpen ? 'block' : 'allow',
      status: isOpen ? 'blocked' : 'ok',
      ...(isOpen && { error_type: 'dependency_unavailable' }),
      ...(provider !== '' && { provider }),
      ...(model !== '' && { model }),
      ...(control.scope === 'agent' && { agent_id: control.scope_id }),
      ...(control.scope === 'workflow' && { workflow_id: control.scope_id }),
      attributes: {
        'control.id': control.id,
        'control.name': control.name,
        'breaker.id': stored.id,
        'breaker.from': from,
        'breaker.to': breaker.state,
        'breaker.error_rate': breaker.rate,
        'breaker.requests': breaker.requests,
        'breaker.until': breaker.until_ms === null ? null : new Date(breaker.until_ms).toISOString(),
      },
    },
  }
}
