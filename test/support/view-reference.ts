import { FAILURE_KINDS } from '../../examples/fleet/failures.ts'
import type { FleetEvent } from '../../examples/fleet/native.ts'

/**
 * The numbers of the views, computed again from the events that were sent, by definitions alone: nothing of the
 * product is used here.
 */

export interface RunFacts {
  trace_id: string
  startMs: number
  agent: string
  workflow: string
  version: string
  session: string
  nano: bigint
  success: boolean
}

/** A field that is a text, or nothing. */
export const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

const FAILED = new Set<unknown>(['error', 'blocked'])
/** Which failure of the taxonomy the fleet means by each of its spellings; 529 is what an overloaded provider says. */
const MEANT = new Map<string, string>([
  ...FAILURE_KINDS.flatMap(({ name, raw }) => raw.map((text) => [text, name] as const)),
  ['529', 'rate_limit'],
])

/** The taxonomy's name of what failed; nothing of what did not. */
export function errorOf(event: FleetEvent): string {
  if (!isFailed(event)) return ''
  const raw = textOf(event.error_type)
  return MEANT.get(raw) ?? (raw || 'unknown')
}

/** `"0.000001"` in nano-dollars. */
export function nanoOfUsd(usd: unknown): bigint {
  const [whole = '0', fraction = ''] = (typeof usd === 'number' ? usd.toFixed(9) : textOf(usd) || '0').split('.')
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9))
}

export function usdOfNano(nano: bigint): string {
  return `${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`
}

/** A share of money for each of `n`, to the nano-dollar, rounded half up. */
export function eachOf(nano: bigint, n: number): string | null {
  return n === 0 ? null : usdOfNano((nano * 2n + BigInt(n)) / (2n * BigInt(n)))
}

export const isIn = (events: readonly FleetEvent[], from: number, to: number) =>
  events.filter(({ timestamp }) => timestamp >= from && timestamp < to)

export const requestsOf = (events: readonly FleetEvent[]) =>
  events.filter(({ event_type }) => event_type === 'agent.request.completed')
export const isFailed = ({ status }: FleetEvent) => FAILED.has(status)
export const isSuccess = (event: FleetEvent) =>
  !isFailed(event) && event.status !== 'cancelled' && event.outcome !== 'failure'
export const modelCallsOf = (events: readonly FleetEvent[]) =>
  events.filter(({ event_type, model }) => event_type === 'agent.step.completed' && model !== undefined)
export const toolCallsOf = (events: readonly FleetEvent[]) =>
  events.filter(({ event_type }) => event_type === 'agent.tool.called' || event_type === 'agent.tool.failed')

/** Whole traces, each by the moment at which it began. */
export function tracesOf(events: readonly FleetEvent[]): RunFacts[] {
  const byTrace = Map.groupBy(events, ({ trace_id }) => trace_id)
  return [...byTrace].flatMap(([trace_id, own]) => {
    const end = requestsOf(own)[0]
    if (end === undefined) return []
    const startMs = Math.min(...own.map(({ timestamp, latency_ms }) => Math.floor(timestamp - Number(latency_ms ?? 0))))
    return [
      {
        trace_id,
        startMs,
        agent: String(end.agent_id),
        workflow: String(end.workflow_id),
        version: String(end.workflow_version),
        session: String(end.session_id),
        nano: own.reduce((sum, { cost_usd }) => sum + nanoOfUsd(cost_usd), 0n),
        success: isSuccess(end),
      },
    ]
  })
}

export const began = (traces: readonly RunFacts[], from: number, to: number) =>
  traces.filter(({ startMs }) => startMs >= from && startMs < to)

export const costOf = (traces: readonly RunFacts[]) => traces.reduce((sum, { nano }) => sum + nano, 0n)
export const successesOf = (traces: readonly RunFacts[]) => traces.filter(({ success }) => success).length

/** The wall clock of a moment: `2026-10-25 02:00`. */
export function clockOf(ms: number, zone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  return format.format(ms)
}

/** When the clocks of a zone were last set back before a moment, to the hour. */
export function lastFallBack(zone: string, beforeMs: number): number {
  const offset = (ms: number) => Date.parse(`${clockOf(ms, zone).replace(' ', 'T')}:00Z`) - ms
  const HOUR_MS = 3_600_000
  for (let ms = Math.floor(beforeMs / HOUR_MS) * HOUR_MS; ms > beforeMs - 370 * 24 * HOUR_MS; ms -= HOUR_MS)
    if (offset(ms) < offset(ms - HOUR_MS)) return ms
  throw new Error(`the clocks of ${zone} are never set back`)
}

interface Leaked {
  at: number
  leak: string
  nano: bigint
}

/** What docs/leaks.md says, of whole traces that were sent in one batch: one leak an entry, the first that applies. */
export function leaksOf(events: readonly FleetEvent[]): Leaked[] {
  return [...Map.groupBy(events, ({ trace_id }) => trace_id).values()].flatMap(leaksOfTrace)
}

function leaksOfTrace(events: readonly FleetEvent[]): Leaked[] {
  const seen = new Map<string, number>()
  const again = (key: string) => {
    seen.set(key, (seen.get(key) ?? 0) + 1)
    return seen.get(key) ?? 0
  }
  return events.flatMap((event) => {
    const { event_type: type, timestamp: at, agent_id, step, tool_name } = event
    const attributes = event.attributes as { tool_args_hash?: string } | undefined
    const isModel = type === 'agent.step.completed' && event.model !== undefined
    const isTool = type.startsWith('agent.tool.')
    const calls = isModel
      ? again(`model ${textOf(agent_id)} ${textOf(step)}`)
      : isTool
        ? again(`tool ${textOf(tool_name)} ${textOf(attributes?.tool_args_hash ?? step ?? event.span_id)}`)
        : 0
    const nano = nanoOfUsd(event.cost_usd)
    if (nano === 0n) return []
    const prompt = Number(event.tokens_prompt ?? 0)
    const completion = Number(event.tokens_completion ?? 0)
    const uncached = prompt - Number(event.tokens_cached ?? 0) - Number(event.tokens_cache_write ?? 0)
    if (isFailed(event)) return [{ at, leak: 'failed_call', nano }]
    if (Number(event.attempt ?? 0) >= 1) return [{ at, leak: 'retry', nano }]
    if ((isModel && calls >= 6) || event.error_type === 'loop_detected') return [{ at, leak: 'loop', nano }]
    if (isTool && calls >= 4) return [{ at, leak: 'repeated_tool', nano }]
    if (uncached <= 16_000 || uncached <= 10 * completion) return []
    return [{ at, leak: 'oversized_context', nano: (nano * BigInt(uncached - 16_000)) / BigInt(prompt + completion) }]
  })
}
