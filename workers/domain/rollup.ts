import { SETTLEMENT, type CanonicalEvent } from '../contract/event.ts'
import type { Kind } from '../contract/metrics.ts'
import { countFacts } from './facts.ts'
import { addTo } from './histogram.ts'
import { groupAt, minuteOf, type CountGroups, type CountTuple, type GroupValues } from './rollup-row.ts'

/**
 * Which kind of operation an event ends; null for what is only a mark (started, threshold). A request that
 * itself carries a model and its usage is a call of that model, and its money is the model's.
 */
export function kindOf(event: CanonicalEvent): Kind | null {
  switch (event.event_type) {
    case 'agent.request.completed':
      return event.model !== undefined && hasUsage(event) ? 'llm' : 'request'
    case 'agent.step.completed':
      return event.model === undefined ? 'step' : 'llm'
    case SETTLEMENT:
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

function hasUsage(event: CanonicalEvent): boolean {
  return event.cost_nanousd !== undefined || (event.tokens_prompt ?? 0) + (event.tokens_completion ?? 0) > 0
}

/**
 * Count groups of one project's events, by kind, minute and the dimensions that apply. Requests also count
 * for their user (`user`) and without dimensions (`total`). What an event tells besides is counted too (facts.ts).
 */
export function countGroups(events: readonly CanonicalEvent[]): CountTuple[] {
  const groups: CountGroups = new Map()
  for (const event of events) {
    countFacts(groups, event)
    const kind = kindOf(event)
    // Money without an operation of its own.
    if (kind === null || event.event_type === SETTLEMENT) continue
    add(groups, kind, event)
    if (event.event_type !== 'agent.request.completed') continue
    if (kind !== 'request') add(groups, 'request', event)
    add(groups, 'total', event)
    if (event.user_id !== undefined) add(groups, 'user', event)
  }
  return [...groups.values()]
}

function add(groups: CountGroups, kind: Kind, event: CanonicalEvent): void {
  const tuple = groupAt(groups, kind, minuteOf(event.timestamp), dimensionsOf(kind, event))
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

/** environment, agent, workflow, version, step, provider, model, prompt, tool, user, status, error. */
function dimensionsOf(kind: Kind, e: CanonicalEvent): GroupValues {
  const environment = e.environment ?? ''
  if (kind === 'total') return [environment, '', '', '', '', '', '', '', '', '', '', '']
  if (kind === 'user') return [environment, '', '', '', '', '', '', '', '', e.user_id ?? '', '', '']
  const llm = kind === 'llm'
  const stepped = llm || kind === 'step' || kind === 'tool'
  const modelled = llm || kind === 'retry' || kind === 'fallback'
  return [
    environment,
    e.agent_id ?? '',
    e.workflow_id ?? '',
    e.workflow_version ?? '',
    stepped ? (e.step ?? '') : '',
    modelled ? (e.provider ?? '') : '',
    modelled ? (e.model ?? '') : '',
    llm ? (e.prompt_version ?? '') : '',
    kind === 'tool' ? (e.tool_name ?? '') : kind === 'policy' ? (e.policy_id ?? '') : '',
    '',
    kind === 'policy' ? (e.policy_result ?? '') : (e.status ?? 'ok'),
    e.status === 'error' || e.status === 'blocked' ? (e.error_type ?? 'unknown') : '',
  ]
}
