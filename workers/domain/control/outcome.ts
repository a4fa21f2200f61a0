import type { CallOutcome } from '../../contract/control.ts'
import { WINDOW_SECONDS_MAX } from '../../contract/control.ts'
import type { CanonicalEvent, Status } from '../../contract/event.ts'
import { classOf, errorTypeOf } from '../failure.ts'
import { kindOf } from '../rollup.ts'

/** As `delta.calls` holds it: calls that ended in one second, for one agent, of one model. */
export type CallTuple = [
  at_ms: number,
  agent: string,
  workflow: string,
  provider: string,
  model: string,
  reservation: string,
  requests: number,
  errors: number,
]

/** A row of the delta log stays under D1's 2 MB: of more groups than this the rest teaches breakers nothing. */
const GROUPS_MAX = 1000
const SECOND_MS = 1000

/**
 * What a call of a model says of its provider: null for nothing, as when it was cancelled, or was blocked before it
 * was made. A failure counts where the provider is to blame: its class in the taxonomy, or the name that its 5xx and
 * broken connections have there.
 */
export function providerFailed(status: Status | undefined, errorType: string | undefined): boolean | null {
  if (status === 'cancelled' || status === 'blocked') return null
  if (status !== 'error') return false
  const type = errorTypeOf(errorType ?? '')
  return classOf(type) === 'provider' || type === 'dependency_unavailable'
}

/** The calls of models among a commit's events of one project that may still be in a breaker's window. */
export function callsOf(events: readonly CanonicalEvent[], receivedMs: number): CallTuple[] {
  const oldest = receivedMs - WINDOW_SECONDS_MAX * SECOND_MS
  const groups = new Map<string, CallTuple>()
  for (const event of events) {
    if (event.timestamp < oldest || event.event_type === 'agent.budget.settlement' || kindOf(event) !== 'llm') continue
    const failed = providerFailed(event.status, event.error_type)
    if (failed === null) continue
    const { agent_id = '', workflow_id = '', provider = '', model = '', reservation_id = '' } = event
    const at = Math.floor(event.timestamp / SECOND_MS) * SECOND_MS
    const key = [at, agent_id, workflow_id, provider, model, reservation_id].join('\n')
    let group = groups.get(key)
    if (group === undefined) {
      if (groups.size >= GROUPS_MAX) continue
      group = [at, agent_id, workflow_id, provider, model, reservation_id, 0, 0]
      groups.set(key, group)
    }
    group[6]++
    if (failed) group[7]++
  }
  return [...groups.values()]
}

export function callOutcomeOf(
  [at_ms, agent_id, workflow_id, provider, model, reservation_id, requests, errors]: CallTuple,
  { project_id, workspace_id }: { project_id: string; workspace_id: string },
): CallOutcome {
  return {
    at_ms,
    workspace_id,
    project_id,
    agent_id,
    workflow_id,
    provider,
    model,
    reservation_id,
    requests,
    errors,
  }
}

/**
 * How many calls of a reservation are news, from what is known of them to what will be: settle calls may tell of the
 * same calls as events do, and the n-th that is told is the n-th that is seen.
 */
export function newCalls(
  before: { calls_told: number; calls_seen: number },
  after: { calls_told: number; calls_seen: number },
): number {
  return Math.max(after.calls_told, after.calls_seen) - Math.max(before.calls_told, before.calls_seen)
}
