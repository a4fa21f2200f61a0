import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope } from '../../web/src/lib/features/views/panel.ts'
import {
  clockOf,
  errorOf,
  isFailed,
  isIn,
  isSuccess,
  modelCallsOf,
  requestsOf,
  textOf,
  toolCallsOf,
} from './view-reference.ts'
import {
  allSeriesOf,
  bucketOf,
  byBucket,
  cellsOf,
  figuresOf,
  near,
  part,
  percentile,
  rangeOf,
  rowsOf,
  seriesOf,
  some,
  type Expected,
} from './view-shown.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Averages over time that still goes on: the clock goes on too between the page and what it asks. */
const SOON = 0.01

/** The failure taxonomy. */
const CLASSES: Record<string, readonly string[]> = {
  provider: ['timeout', 'rate_limit', 'quota_exceeded', 'auth_failed'],
  model: ['invalid_json', 'tool_selection_error', 'unsafe_output'],
  tooling: ['tool_timeout', 'tool_contract_mismatch', 'dependency_unavailable', 'tool_runtime'],
  workflow: ['loop_detected', 'missing_context', 'bad_routing', 'validation'],
  governance: ['policy_blocked', 'approval_timeout', 'budget_exceeded'],
  unknown: ['unknown'],
}
const classOf = (error: string) => Object.keys(CLASSES).find((name) => CLASSES[name]?.includes(error)) ?? 'unknown'

const ofType = (events: readonly FleetEvent[], type: string) => events.filter(({ event_type }) => event_type === type)
const retriesOf = (events: readonly FleetEvent[]) => ofType(events, 'agent.retry')
const fallbacksOf = (events: readonly FleetEvent[]) => ofType(events, 'agent.fallback.triggered')
const differentOf = (events: readonly FleetEvent[], field: string) => new Set(events.map((e) => textOf(e[field]))).size
const latencyOf = (events: readonly FleetEvent[]) => events.reduce((sum, e) => sum + Number(e.latency_ms ?? 0), 0)
/** Steps, calls of models and calls of tools. */
const callsOf = (events: readonly FleetEvent[]) => [...ofType(events, 'agent.step.completed'), ...toolCallsOf(events)]
const countBy = (values: readonly string[]) =>
  Object.fromEntries([...Map.groupBy(values, (value) => value)].map(([value, own]) => [value, own.length]))

/** How much of a stretch of time has gone by. */
const goneOf = ({ nowMs }: Scope, from: number, to: number) => Math.min(nowMs, to) - from

export const OPERATIONS: Record<string, Expected> = {
  'operations.head': {
    shown: figuresOf,
    computed(events, scope) {
      const own = rangeOf(events, scope)
      const requests = requestsOf(own)
      const calls = modelCallsOf(own).length
      const gone = goneOf(scope, scope.range.from_ms, scope.range.to_ms)
      return {
        requests: requests.length,
        per_minute: near(requests.length / (gone / MINUTE_MS)),
        success_rate: near(part(requests.filter(isSuccess).length, requests.length)),
        failed: requests.filter(isFailed).length,
        retry_rate: near(part(retriesOf(own).length, calls)),
        fallback_rate: near(part(fallbacksOf(own).length, calls)),
        users: differentOf(requests, 'user_id'),
        agents: differentOf(requests, 'agent_id'),
        concurrency: near(latencyOf(requests) / gone, SOON),
      }
    },
  },
  'operations.rate': {
    shown: allSeriesOf,
    computed(events, scope) {
      const requests = requestsOf(rangeOf(events, scope))
      const rate = byBucket(scope, (from, to) => {
        const gone = goneOf(scope, from, to)
        return gone < (to - from) / 4 ? null : near(isIn(requests, from, to).length / (gone / MINUTE_MS))
      })
      return requests.length === 0 ? {} : { rate }
    },
  },
  'operations.active': {
    shown: seriesOf,
    computed(events, scope) {
      const requests = requestsOf(events)
      const count = (field: string) => byBucket(scope, (from, to) => differentOf(isIn(requests, from, to), field))
      return some({ unique_users: count('user_id'), unique_agents: count('agent_id') })
    },
  },
  'operations.concurrency': {
    shown: allSeriesOf,
    computed(events, scope) {
      const requests = requestsOf(events)
      const concurrency = byBucket(scope, (from, to) => {
        const own = isIn(requests, from, to)
        return own.length === 0 ? null : near(latencyOf(own) / goneOf(scope, from, to), SOON)
      })
      return rangeOf(requests, scope).length === 0 ? {} : { concurrency }
    },
  },
  'operations.queues': {
    shown: allSeriesOf,
    computed(events, scope) {
      const told = events.filter(({ queue_depth }) => queue_depth !== undefined)
      const at = (q: number) =>
        byBucket(scope, (from, to) =>
          percentile(
            isIn(told, from, to).map(({ queue_depth }) => Number(queue_depth)),
            q,
          ),
        )
      return { value_p50: at(0.5), value_p90: at(0.9) }
    },
  },
  'operations.storms': {
    shown: (panel) => ({
      ...allSeriesOf(panel),
      storms: panel.type === 'series' ? panel.marks?.map(({ at_ms }) => at_ms) : panel,
    }),
    computed(events, scope) {
      const count = (own: readonly FleetEvent[]) => byBucket(scope, (from, to) => isIn(own, from, to).length)
      const retries = count(retriesOf(events))
      const failed = [...modelCallsOf(events), ...toolCallsOf(events)].filter(isFailed)
      return { retries, fallbacks: count(fallbacksOf(events)), failed: count(failed), storms: stormsOf(retries, scope) }
    },
  },
  'operations.errors': {
    shown: (panel) => rowsOf(panel, ['class', 'calls', 'requests', 'first', 'last']),
    computed(events, scope) {
      const own = rangeOf(events, scope)
      const [calls, requests] = [callsOf(own).filter(isFailed), requestsOf(own).filter(isFailed)]
      return Object.fromEntries(
        [...Map.groupBy([...calls, ...requests], errorOf)].map(([error, failed]) => {
          const times = failed.map(({ timestamp }) => bucketOf(scope, timestamp))
          const of = (these: readonly FleetEvent[]) => these.filter((event) => errorOf(event) === error).length
          return [error, [classOf(error), of(calls), of(requests), Math.min(...times), Math.max(...times)]]
        }),
      )
    },
  },
  'operations.error_classes': {
    shown: seriesOf,
    computed(events, scope) {
      const failed = callsOf(events).filter(isFailed)
      return some(
        Object.fromEntries(
          Object.keys(CLASSES).map((name): [string, Cell[]] => [
            name,
            byBucket(
              scope,
              (from, to) => isIn(failed, from, to).filter((event) => classOf(errorOf(event)) === name).length,
            ),
          ]),
        ),
      )
    },
  },
  'operations.failures': {
    shown: cellsOf,
    computed(events, scope) {
      const { from_ms, to_ms, zone } = scope.range
      const failed = callsOf(rangeOf(events, scope)).filter(isFailed)
      // What is kept of a past day are its hours, each of which belongs to the hour of the clock that it begins in.
      const column = ({ timestamp }: FleetEvent) => {
        const hour = Math.floor(timestamp / HOUR_MS) * HOUR_MS
        return String(to_ms - from_ms > 48 * HOUR_MS ? Number(clockOf(hour, zone).slice(11, 13)) : hour)
      }
      const names = ['step', 'tool_name', 'model']
      // Of rows with as many failures those of steps come first, by name.
      const rankOf = (e: FleetEvent) =>
        Math.max(
          0,
          names.findIndex((name) => textOf(e[name]) !== ''),
        )
      const steps = Map.groupBy(failed, (e) => `${rankOf(e)}${textOf(e[names[rankOf(e)] ?? ''])}`)
      return Object.fromEntries(
        [...steps]
          .toSorted(([a, one], [b, other]) => other.length - one.length || a.localeCompare(b))
          .slice(0, 12)
          .map(([step, own]) => [step.slice(1), countBy(own.map(column))]),
      )
    },
  },
}

/** At least ten retries that are three times the median of the intervals with any; the five worst of them. */
function stormsOf(retries: readonly number[], { range }: Scope): number[] {
  const any = retries.filter((n) => n > 0).toSorted((a, b) => a - b)
  const median = any[Math.floor((any.length - 1) / 2)] ?? 0
  return [...retries.entries()]
    .filter(([, n]) => any.length > 1 && n >= 10 && n >= 3 * median)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([at]) => range.buckets[at] ?? 0)
    .toSorted((a, b) => a - b)
}
