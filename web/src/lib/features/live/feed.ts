import type { LiveEvent } from '../../../../../workers/contract/live.ts'

/** The list keeps this many events, and holds as many while it is paused. */
export const ROWS_MAX = 1000
const RATE_WINDOW_MS = 10_000
const BACKOFF_MS_MAX = 30_000

export interface LiveRow {
  /** Rises by one with each event of this connection. */
  seq: number
  event: LiveEvent
}

export const LIVE_FILTERS = [
  { name: 'type', label: 'Type' },
  { name: 'status', label: 'Status' },
  { name: 'agent', label: 'Agent' },
  { name: 'workflow', label: 'Workflow' },
  { name: 'text', label: 'Text' },
] as const
export type LiveFilterName = (typeof LIVE_FILTERS)[number]['name']
export type LiveFilter = Record<LiveFilterName, string>

/** The filter that the URL sets; empty texts let everything pass. */
export function parseLiveFilter(params: URLSearchParams): LiveFilter {
  const read = (name: LiveFilterName) => params.get(name)?.trim().slice(0, 200) ?? ''
  return {
    type: read('type'),
    status: read('status'),
    agent: read('agent'),
    workflow: read('workflow'),
    text: read('text'),
  }
}

/** Whether an event passes the filter. */
export function passes(event: LiveEvent, filter: LiveFilter): boolean {
  if (filter.type !== '' && event.event_type !== filter.type) return false
  if (filter.status !== '' && (event.status ?? '') !== filter.status) return false
  if (filter.agent !== '' && event.agent_id !== filter.agent) return false
  if (filter.workflow !== '' && event.workflow_id !== filter.workflow) return false
  if (filter.text === '') return true
  const wanted = filter.text.toLowerCase()
  return [
    event.trace_id,
    event.agent_id,
    event.workflow_id,
    event.step,
    event.model,
    event.tool_name,
    event.error_type,
    event.user_id,
    event.environment,
  ].some((value) => value !== undefined && value.toLowerCase().includes(wanted))
}

/** Newest first, bounded: what falls off at the end is gone from the view, not from the store. */
export function prepend(rows: readonly LiveRow[], newestFirst: readonly LiveRow[], max = ROWS_MAX): LiveRow[] {
  return [...newestFirst.slice(0, max), ...rows.slice(0, Math.max(0, max - newestFirst.length))]
}

/** Events a second over the last ten seconds, or over the time since `sinceMs` if that is shorter. */
export function ratePerSecond(
  arrivals: readonly { at_ms: number; count: number }[],
  nowMs: number,
  sinceMs: number,
): number {
  const from = nowMs - RATE_WINDOW_MS
  const count = arrivals.reduce((sum, arrival) => (arrival.at_ms > from ? sum + arrival.count : sum), 0)
  const window = Math.min(RATE_WINDOW_MS, Math.max(1000, nowMs - sinceMs))
  return count / (window / 1000)
}

/** Drops arrivals that the rate no longer needs. */
export function recentArrivals(
  arrivals: readonly { at_ms: number; count: number }[],
  nowMs: number,
): { at_ms: number; count: number }[] {
  return arrivals.filter((arrival) => arrival.at_ms > nowMs - RATE_WINDOW_MS)
}

/** Wait before the n-th try (from 0): doubling, with jitter, so that a fleet of tabs does not come back at once. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, 500 * 2 ** attempt)
  return Math.round(ceiling / 2 + (random * ceiling) / 2)
}

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'refused'

/** The state of the connection in words. */
export const CONNECTION_WORDS: Record<Connection, string> = {
  connecting: 'Connecting…',
  live: 'Connected',
  reconnecting: 'Connection lost. Trying again…',
  offline: 'This device is offline. The feed goes on when it is back.',
  refused: 'The feed was refused. Reload the page, or sign in again.',
}
