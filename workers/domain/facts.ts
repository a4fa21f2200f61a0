import type { CanonicalEvent } from '../contract/event.ts'
import { addTo } from './histogram.ts'
import { groupAt, minuteOf, type CountGroups } from './rollup-row.ts'

/** Scores are summed in millionths: means are exact to that, and no float is ever added up. */
export const SCORE_UNITS = 1_000_000
/** A score further from zero is none: shares, percent, marks and ratings are not, and sums of squares stay exact. */
export const SCORE_ABS_MAX = 10_000
/** The type of what was found by someone who tells only how much. */
const UNKNOWN_PII = 'unknown'

type Findings = CanonicalEvent['pii_detected']
/** What tells groups of a fact apart besides whose they are. */
interface Told {
  step?: string | undefined
  provider?: string | undefined
  model?: string | undefined
  prompt_version?: string | undefined
  tool_name?: string | undefined
}

/**
 * Counts what an event tells beside the operation that it ends: scores, where data went, personal data, how deep a
 * queue was. In which columns it lies: rollup-row.ts.
 */
export function countFacts(groups: CountGroups, event: CanonicalEvent): void {
  if (event.scores !== undefined) countScores(groups, event, event.scores)
  if (event.egress_host !== undefined) countEgress(groups, event, event.egress_host)
  if (event.pii_detected !== undefined || event.pii_redacted !== undefined) countPii(groups, event)
  if (event.queue_depth !== undefined) countQueue(groups, event, event.queue_depth)
}

function countScores(groups: CountGroups, event: CanonicalEvent, scores: Record<string, number>): void {
  const { step, provider, model, prompt_version } = event
  for (const [name, score] of Object.entries(scores)) {
    if (!(Math.abs(score) <= SCORE_ABS_MAX)) continue
    const tuple = at(groups, 'score', event, { step, provider, model, prompt_version, tool_name: name })
    tuple[14]++
    tuple[16] += Math.round(score * score * SCORE_UNITS)
    tuple[17] += Math.round(score * SCORE_UNITS)
  }
}

/** What only begins is told again when it ends. */
function countEgress(groups: CountGroups, event: CanonicalEvent, host: string): void {
  if (event.event_type === 'agent.step.started' || event.event_type === 'agent.request.started') return
  const { step, tool_name } = event
  const tuple = at(groups, 'egress', event, { step, tool_name, model: host })
  tuple[14]++
  if (event.status === 'error' || event.status === 'blocked') tuple[15]++
  else if (event.status !== 'cancelled') tuple[16]++
}

function countPii(groups: CountGroups, event: CanonicalEvent): void {
  const detected = byType(event.pii_detected)
  const redacted = byType(event.pii_redacted)
  const { step, tool_name } = event
  for (const type of new Set([...Object.keys(detected), ...Object.keys(redacted)])) {
    const found = [detected[type] ?? 0, redacted[type] ?? 0] as const
    if (found[0] + found[1] === 0) continue
    const tuple = at(groups, 'pii', event, { step, tool_name, model: type })
    tuple[14]++
    tuple[15] += found[0]
    tuple[16] += found[1]
  }
}

function byType(findings: Findings): Record<string, number> {
  return typeof findings === 'number' ? { [UNKNOWN_PII]: findings } : (findings ?? {})
}

function countQueue(groups: CountGroups, event: CanonicalEvent, depth: number): void {
  const tuple = at(groups, 'queue', event, {})
  tuple[14]++
  tuple[17] += depth
  tuple[18]++
  addTo(tuple[19], depth)
}

function at(groups: CountGroups, kind: 'score' | 'egress' | 'pii' | 'queue', e: CanonicalEvent, told: Told) {
  return groupAt(groups, kind, minuteOf(e.timestamp), [
    e.environment ?? '',
    e.agent_id ?? '',
    e.workflow_id ?? '',
    e.workflow_version ?? '',
    told.step ?? '',
    told.provider ?? '',
    told.model ?? '',
    told.prompt_version ?? '',
    told.tool_name ?? '',
    '',
    '',
    '',
  ])
}
