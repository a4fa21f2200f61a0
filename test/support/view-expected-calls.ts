import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import {
  errorOf,
  isFailed,
  modelCallsOf,
  nanoOfUsd,
  requestsOf,
  textOf,
  toolCallsOf,
  usdOfNano,
} from './view-reference.ts'
import { bucketOf, near, part, percentile, rangeOf, rowsOf, type Expected } from './view-shown.ts'

const LINES_MAX = 40
const GROUPS_MAX = 8
const TRACES_MAX = 200

/** Calls of models, and of tools, with what was called. */
const KINDS = [
  ['llm', modelCallsOf, 'model'],
  ['tool', toolCallsOf, 'tool_name'],
] as const

/** Edges of bins were made of logarithms: a latency on one of them is up to it. */
const EDGE = 1 + 1e-9

function latency(calls: (events: readonly FleetEvent[]) => FleetEvent[], field: string): Expected {
  return {
    shown: (panel) =>
      histogramOf(panel).map(({ key, bins, marks }) => ({
        key,
        bins: bins.map(({ count }) => count),
        ...Object.fromEntries(marks.map(({ label, value }) => [label, value])),
      })),
    computed(events, scope, { panel }) {
      const groups = Map.groupBy(calls(rangeOf(events, scope)), (event) => textOf(event[field]))
      const sizes = [...groups.values()].map(({ length }) => length).toSorted((a, b) => b - a)
      return histogramOf(panel).map(({ key, bins }, at) => {
        const values = (groups.get(key) ?? []).map(({ latency_ms }) => Number(latency_ms))
        // Of several with as many calls any may come first.
        if (values.length !== sizes[at] || at >= GROUPS_MAX) throw new Error(`${key} has ${values.length} calls`)
        return {
          key,
          bins: bins.map(({ from, to }) => values.filter((ms) => ms > from * EDGE && ms <= to * EDGE).length),
          p50: percentile(values, 0.5),
          p90: percentile(values, 0.9),
          p99: percentile(values, 0.99),
        }
      })
    },
  }
}

function histogramOf(panel: Shaped) {
  if (panel.type !== 'histogram') throw new Error(`a ${panel.type} is no histogram`)
  return panel.groups
}

interface Run {
  trace_id: string
  startMs: number
  endMs: number
  events: readonly FleetEvent[]
  /** Of one that is over. */
  end: FleetEvent | undefined
}

/** Requests, those that began last first. */
function runsOf(events: readonly FleetEvent[]): Run[] {
  return [...Map.groupBy(events, ({ trace_id }) => trace_id)]
    .map(([trace_id, own]): Run => {
      const startMs = Math.min(...own.map(({ timestamp, latency_ms }) => timestamp - Number(latency_ms ?? 0)))
      const endMs = Math.max(...own.map(({ timestamp }) => timestamp))
      return { trace_id, startMs, endMs, events: own, end: requestsOf(own)[0] }
    })
    .toSorted((a, b) => b.startMs - a.startMs || (a.trace_id < b.trace_id ? 1 : -1))
}

/** Retries and fallbacks by what they name, and how the requests ended that had any. */
function retries(fields: readonly string[], isOf: (run: Run, event: FleetEvent) => boolean): Expected {
  const columns = ['calls', 'retries', 'retry_rate', 'retries_ok', 'fallbacks', 'fallback_rate', 'fallbacks_ok']
  const keyOf = (event: FleetEvent) => fields.map((field) => textOf(event[field])).join('\0')
  return {
    shown: (panel) => rowsOf(panel, columns),
    computed(events, scope) {
      const own = rangeOf(events, scope)
      const calls = modelCallsOf(own)
      const runs = runsOf(events).filter(({ startMs }) => startMs >= scope.range.from_ms && startMs < scope.range.to_ms)
      const had = (type: string) =>
        runs.filter((run) => run.events.some(({ event_type }) => event_type === type)).slice(0, TRACES_MAX)
      const types = ['agent.retry', 'agent.fallback.triggered'].map((type) => ({ type, runs: had(type) }))
      const named = own.filter(({ event_type }) => types.some(({ type }) => type === event_type))
      return Object.fromEntries(
        [...Map.groupBy(named, keyOf)].map(([key, group]) => {
          const made = calls.filter((call) => keyOf(call) === key).length
          const cells = types.flatMap(({ type, runs: tried }) => {
            const count = group.filter(({ event_type }) => event_type === type).length
            const over = tried.filter((run) => run.end && group[0] !== undefined && isOf(run, group[0]))
            const helped = over.filter(({ end }) => end?.status === 'ok' && end.outcome !== 'failure').length
            return [count, near(part(count, made)), near(part(helped, over.length))]
          })
          return [key, [made, ...cells]]
        }),
      )
    },
  }
}

/** What failed by agent, step and what was called, and in which intervals. */
function cascadesOf(events: readonly FleetEvent[], scope: Scope): [string, Cell[]][] {
  const own = rangeOf(events, scope)
  return KINDS.flatMap(([kind, calls, field]) =>
    [
      ...Map.groupBy(calls(own), (e) => [kind, textOf(e.agent_id), textOf(e.step), textOf(e[field])].join('\0')),
    ].flatMap(([key, made]): [string, Cell[]][] => {
      const times = made.filter(isFailed).map(({ timestamp }) => bucketOf(scope, timestamp))
      const counts = [...Map.groupBy(times, (ms) => ms)].map(([ms, { length }]) => [ms, length] as const)
      const [worst] = counts.toSorted(([a, n], [b, m]) => m - n || a - b)
      if (worst === undefined) return []
      return [[key, [times.length, made.length, Math.min(...times), ...worst, Math.max(...times)]]]
    }),
  )
}

/** A message without what differs each time: ids, and numbers. */
const sameOf = (event: FleetEvent) =>
  textOf(event.error_message)
    .replace(/\b[0-9a-f]{12}\b/g, '')
    .replace(/\d+/g, '')

/** What failed of each trace that began in the range: by error, message, step and what was called. */
function failuresOf(events: readonly FleetEvent[], { range }: Scope): Cell[][] {
  const runs = runsOf(events).filter(({ startMs }) => startMs >= range.from_ms && startMs < range.to_ms)
  const found = runs.flatMap(({ startMs, events: own }) => {
    const failed = [...requestsOf(own), ...stepsOf(own), ...toolCallsOf(own)].filter(isFailed)
    const keys = failed.map((e) => JSON.stringify([errorOf(e), sameOf(e), e.step, e.tool_name, e.model]))
    return [...new Set(keys)].map((key) => ({ key, startMs }))
  })
  return [...Map.groupBy(found, ({ key }) => key)].map(([key, own]) => {
    const [error, , step, tool, model] = JSON.parse(key) as Cell[]
    const starts = own.map(({ startMs }) => startMs)
    return [error ?? null, step ?? '–', tool ?? model ?? '–', own.length, Math.min(...starts), Math.max(...starts)]
  })
}

const stepsOf = (events: readonly FleetEvent[]) =>
  events.filter(({ event_type }) => event_type === 'agent.step.completed')
const inOrder = (rows: readonly Cell[][]) => rows.map((row) => JSON.stringify(row)).toSorted()

export const CALLS: Record<string, Expected> = {
  'operations.messages': {
    shown: (panel) => inOrder(Object.values(rowsOf(panel, ['type', 'step', 'called', 'traces', 'first', 'last']))),
    computed: (events, scope) => inOrder(failuresOf(events, scope)),
  },
  'operations.latency_models': latency(modelCallsOf, 'model'),
  'operations.latency_providers': latency(modelCallsOf, 'provider'),
  'operations.latency_tools': latency(toolCallsOf, 'tool_name'),
  'operations.dependencies': {
    shown: (panel) =>
      panel.type === 'graph' ? panel.edges.map(({ key, calls, failed, retries: n }) => [key, calls, failed, n]) : panel,
    computed(events, scope) {
      const own = rangeOf(events, scope)
      const again = own.filter(({ event_type }) => event_type === 'agent.retry')
      const lines = KINDS.flatMap(([kind, calls, field]) => {
        const keyOf = (event: FleetEvent) => [kind, textOf(event.agent_id), textOf(event[field])].join('\0')
        return [...Map.groupBy(calls(own), keyOf)].map(([key, made]) => ({
          key,
          calls: made.length,
          failed: made.filter(isFailed).length,
          retries: kind === 'llm' ? again.filter((event) => keyOf(event) === key).length : null,
        }))
      })
      return lines
        .toSorted((a, b) => b.failed - a.failed || b.calls - a.calls || a.key.localeCompare(b.key))
        .slice(0, LINES_MAX)
        .map(({ key, calls, failed, retries: n }) => [key, calls, failed, n])
    },
  },
  'operations.cascades': {
    shown: (panel) => rowsOf(panel, ['failed', 'calls', 'first', 'worst', 'peak', 'last']),
    computed: (events, scope) => Object.fromEntries(cascadesOf(events, scope)),
  },
  'operations.retries_models': retries(['model', 'provider'], ({ events }, { model }) =>
    events.some((event) => model !== undefined && event.model === model),
  ),
  'operations.retries_workflows': retries(['workflow_id'], ({ end }, event) => end?.workflow_id === event.workflow_id),
  'operations.last': {
    shown: (panel) =>
      Object.entries(rowsOf(panel, ['name', 'status', 'error', 'started', 'duration', 'retries', 'cost'])),
    computed: (events) =>
      runsOf(events)
        .slice(0, 10)
        .map(({ trace_id, startMs, endMs, events: own, end }) => {
          const failed = own.map(errorOf).find((error) => error !== '') ?? null
          const status = end?.status ?? (failed === null ? 'running' : 'error')
          const error = status === 'ok' ? null : end && isFailed(end) ? errorOf(end) : failed
          const again = own.filter(({ event_type }) => event_type === 'agent.retry').length
          const nano = own.reduce((sum, { cost_usd }) => sum + nanoOfUsd(cost_usd), 0n)
          const took = end && endMs - startMs
          return [trace_id, [own[0]?.workflow_id, status, error, startMs, took ?? null, again, usdOfNano(nano)]]
        }),
  },
}
