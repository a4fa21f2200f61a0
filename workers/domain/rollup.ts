import type { CanonicalEvent } from '../contract/event.ts'
import type { Kind } from '../contract/metrics.ts'
import { addTo } from './histogram.ts'
import type { CountTuple } from './rollup-row.ts'

const MINUTE_MS = 60_000

/** Which kind of operation an event ends; null for what is only a mark (started, threshold). */
export function kindOf(event: CanonicalEvent): Kind | null {
  switch (event.event_type) {
    case 'agent.request.completed':
      return 'request'
    case 'agent.step.completed':
      return event.model === undefined ? 'step' : 'llm'
    case 'agent.tool.called':
    case 'agent.tool.failed':
      return 'tool'
    case 'agent.retry':
      return 'retry'
    case 'agent.fallback.triggered':
      return 'fallback'
    case 'agent.policy.decision':
      return 'policy'
    default:
      return null
  }
}

/**
 * Count groups of one project's events, by kind, minute and the dimensions that apply. Requests also count
 * for their user (`user`) and without dimensions (`total`).
 */
export function countGroups(events: readonly CanonicalEvent[]): CountTuple[] {
  const groups = new Map<string, CountTuple>()
  for (const event of events) {
    const kind = kindOf(event)
    if (kind === null) continue
    add(groups, kind, event)
    if (kind !== 'request') continue
    add(groups, 'total', event)
    if (event.user_id !== undefined) add(groups, 'user', event)
  }
  return [...groups.values()]
}

function add(groups: Map<string, CountTuple>, kind: Kind, event: CanonicalEvent): void {
  const minute = Math.floor(event.timestamp / MINUTE_MS) * MINUTE_MS
  const d = dimensionsOf(kind, event)
  const key = `${kind}\n${minute}\n${d.join('\n')}`
  let tuple = groups.get(key)
  if (tuple === undefined) {
    tuple = [kind, minute, ...d, 0, 0, 0, 0, 0, {}]
    groups.set(key, tuple)
  }
  const failed = event.status === 'error' || event.status === 'blocked'
  tuple[14]++
  if (failed) tuple[15]++
  else if (event.status !== 'cancelled' && event.outcome !== 'failure') tuple[16]++
  if (event.latency_ms !== undefined) {
    tuple[17] += Math.round(event.latency_ms)
    tuple[18]++
    addTo(tuple[19], event.latency_ms)
  }
}

type Dimensions = [string, string, string, string, string, string, string, string, string, string, string, string]

/** environment, agent, workflow, version, step, provider, model, prompt, tool, user, status, error. */
function dimensionsOf(kind: Kind, e: CanonicalEvent): Dimensions {
  const env = e.environment ?? ''
  if (kind === 'total') return [env, '', '', '', '', '', '', '', '', '', '', '']
  if (kind === 'user') return [env, '', '', '', '', '', '', '', '', e.user_id ?? '', '', '']
  const llm = kind === 'llm'
  const stepped = llm || kind === 'step' || kind === 'tool'
  const status = kind === 'policy' ? (e.policy_result ?? '') : (e.status ?? 'ok')
  return [
    env, e.agent_id ?? '', e.workflow_id ?? '', e.workflow_version ?? '', stepped ? (e.step ?? '') : '',
    llm || kind === 'retry' || kind === 'fallback' ? (e.provider ?? '') : '',
    llm || kind === 'retry' || kind === 'fallback' ? (e.model ?? '') : '',
    llm ? (e.prompt_version ?? '') : '', kind === 'tool' ? (e.tool_name ?? '') : kind === 'policy' ? (e.policy_id ?? '') : '', '', status,
    e.status === 'error' || e.status === 'blocked' ? (e.error_type ?? 'unknown') : '',
  ]
}
