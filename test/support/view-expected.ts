import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import {
  began,
  costOf,
  eachOf,
  isFailed,
  isIn,
  isSuccess,
  leaksOf,
  modelCallsOf,
  requestsOf,
  successesOf,
  toolCallsOf,
  textOf,
  tracesOf,
  usdOfNano,
  type RunFacts,
} from './view-reference.ts'
import { allSeriesOf, byBucket, figuresOf, rangeOf, rowsOf, seriesOf, some, type Expected } from './view-shown.ts'

const tracesIn = (events: readonly FleetEvent[], { range }: Scope) =>
  began(tracesOf(events), range.from_ms, range.to_ms)

const CAUSES_MAX = 50

/** What a group of traces says of itself. */
const groupOf = (traces: readonly RunFacts[]) => ({
  n: traces.length,
  rate: traces.length === 0 ? null : successesOf(traces) / traces.length,
  cost: usdOfNano(costOf(traces)),
  each: eachOf(costOf(traces), successesOf(traces)),
})

export const EXPECTED: Record<string, Expected> = {
  'operations.requests': {
    shown: seriesOf,
    computed(events, scope) {
      const requests = requestsOf(events)
      const count = (keep: (event: FleetEvent) => boolean) =>
        byBucket(scope, (from, to) => isIn(requests, from, to).filter(keep).length)
      return some({
        ok: count(isSuccess),
        unmet: count((event) => !isSuccess(event) && !isFailed(event)),
        failed: count(isFailed),
      })
    },
  },
  'executive.units': {
    shown: figuresOf,
    computed(events, scope) {
      const traces = tracesIn(events, scope)
      const cost = costOf(traces)
      const own = rangeOf(events, scope)
      // Without anything to divide by there is nothing to say.
      if (requestsOf(own).length === 0) return {}
      return {
        success: eachOf(cost, successesOf(traces)),
        request: eachOf(cost, requestsOf(own).length),
        call: eachOf(cost, modelCallsOf(own).length + toolCallsOf(own).length),
      }
    },
  },
  'executive.agents': {
    shown: (panel) =>
      panel.type === 'scatter'
        ? Object.fromEntries(panel.points.map(({ key, x, y, size }) => [key, [x, y, size]]))
        : panel,
    computed(events, scope) {
      const groups = Map.groupBy(tracesIn(events, scope), ({ agent }) => agent)
      return Object.fromEntries(
        [...groups].map(([agent, traces]) => {
          const { rate, cost, each } = groupOf(traces)
          return [agent, [each, rate, cost]]
        }),
      )
    },
  },
  'executive.workflows': {
    shown: seriesOf,
    computed(events, scope) {
      const groups = Map.groupBy(tracesIn(events, scope), ({ workflow }) => workflow)
      const dearest = [...groups].sort(([, a], [, b]) => (costOf(b) > costOf(a) ? 1 : -1)).slice(0, 5)
      return some(
        Object.fromEntries(
          dearest.map(([workflow, traces]): [string, Cell[]] => [
            workflow,
            byBucket(scope, (from, to) => usdOfNano(costOf(began(traces, from, to)))),
          ]),
        ),
      )
    },
  },
  'product.reach': {
    shown: figuresOf,
    computed(events, scope) {
      const requests = requestsOf(rangeOf(events, scope))
      return {
        unique_users: new Set(requests.map(({ user_id }) => user_id)).size,
        unique_agents: new Set(requests.map(({ agent_id }) => agent_id)).size,
        count: requests.length,
      }
    },
  },
  'product.adoption': {
    shown: (panel) =>
      Object.values(seriesOf(panel))
        .flat()
        .reduce<number>((sum, value) => sum + Number(value), 0),
    computed: (events, scope) => requestsOf(rangeOf(events, scope)).length,
  },
  'product.outcomes': {
    shown: (panel) => rowsOf(panel, ['traces', 'rate', 'cost', 'each']),
    computed(events, scope) {
      const groups = Map.groupBy(tracesIn(events, scope), ({ workflow }) => workflow)
      return Object.fromEntries(
        [...groups].map(([workflow, traces]) => {
          const { n, rate, cost, each } = groupOf(traces)
          return [workflow, [n, rate, cost, each]]
        }),
      )
    },
  },
  'executive.leaks': {
    shown: (panel) => rowsOf(panel, ['cost', 'entries']),
    computed(events, scope) {
      const leaked = leaksOf(events).filter(({ at }) => at >= scope.range.from_ms && at < scope.range.to_ms)
      if (leaked.length === 0) return noLeaks()
      return {
        ...noLeaks(),
        ...Object.fromEntries(
          [...Map.groupBy(leaked, ({ leak }) => leak)].map(([leak, own]) => [
            leak,
            [usdOfNano(own.reduce((sum, { nano }) => sum + nano, 0n)), own.length],
          ]),
        ),
      }
    },
  },
  'operations.failing': {
    shown: (panel) => rowsOf(panel, ['errors', 'count']),
    computed(events, scope) {
      const ended = rangeOf(events, scope).filter(
        ({ event_type }) => event_type === 'agent.step.completed' || event_type.startsWith('agent.tool.'),
      )
      const places = Map.groupBy(
        ended,
        ({ workflow_id, step, tool_name }) => `${textOf(workflow_id)}\n${textOf(step ?? tool_name)}`,
      )
      return Object.fromEntries(
        [...places]
          .map(([place, own]): [string, Cell[]] => [place, [own.filter(isFailed).length, own.length]])
          .filter(([, [errors]]) => Number(errors) > 0),
      )
    },
  },
  'operations.causes': {
    shown(panel) {
      const rows = rowsOf(panel, ['errors', 'count', 'excess'])
      return { rows, n: Object.keys(rows).length }
    },
    computed(events, scope, { panel }) {
      const own = rangeOf(events, scope)
      const kinds = [
        ['provider', modelCallsOf(own)],
        ['model', modelCallsOf(own)],
        ['prompt_version', modelCallsOf(own)],
        ['tool_name', toolCallsOf(own)],
        ['workflow_version', requestsOf(own)],
        ['agent_id', requestsOf(own)],
      ] as const
      const rows = kinds.flatMap(([field, calls]) => {
        const failures = calls.filter(isFailed).length
        return [...Map.groupBy(calls, (call) => textOf(call[field]))].flatMap(([name, named]) => {
          const errors = named.filter(isFailed).length
          const others = calls.length - named.length
          const usual = others === 0 ? errors : (named.length * (failures - errors)) / others
          const excess = Math.max(0, Math.round(errors - usual))
          return name === '' || errors === 0
            ? []
            : [{ key: `${field} ${name}`, cells: [errors, named.length, excess] as const }]
        })
      })
      // The greatest excesses are shown; of several that are as great as the last of them, any may be.
      const last = rows.map(({ cells }) => cells[2]).toSorted((a, c) => c - a)[CAUSES_MAX - 1] ?? 0
      const isShown = (key: string) => panel.type === 'table' && panel.rows.some((row) => row.key === key)
      const kept = rows.filter(({ key, cells: [, , excess] }) => excess > last || (excess === last && isShown(key)))
      return {
        rows: Object.fromEntries(kept.map(({ key, cells }) => [key, cells])),
        n: Math.min(CAUSES_MAX, rows.length),
      }
    },
  },
  'product.sessions': {
    shown: (panel) => rowsOf(panel, ['sessions', 'requests']),
    computed(events, scope) {
      const traces = tracesIn(events, scope)
      const countOf = (own: readonly RunFacts[]): Cell[] => {
        const found = new Set(own.map(({ session }) => session)).size
        return [found, found === 0 ? null : own.length / found]
      }
      return {
        'all sessions': countOf(traces),
        ...Object.fromEntries(
          [...Map.groupBy(traces, ({ workflow }) => workflow)].map(([workflow, own]) => [workflow, countOf(own)]),
        ),
      }
    },
  },
  'product.versions': {
    shown: (panel) => rowsOf(panel, ['traces', 'rate', 'cost', 'mean', 'each']),
    computed(events, scope, { panel }) {
      const own = busiest(tracesIn(events, scope), panel)
      return Object.fromEntries(
        [...Map.groupBy(own, ({ version }) => version)].map(([version, traces]) => {
          const { n, rate, cost, each } = groupOf(traces)
          return [version, [n, rate, cost, eachOf(costOf(traces), n), each]]
        }),
      )
    },
  },
  'product.regressions': {
    shown: allSeriesOf,
    computed(events, scope, { panel }) {
      const own = busiest(tracesIn(events, scope), panel)
      return Object.fromEntries(
        [...Map.groupBy(own, ({ version }) => version)].map(([version, traces]) => [
          version,
          byBucket(scope, (from, to) => groupOf(began(traces, from, to)).rate),
        ]),
      )
    },
  },
  'product.quality': {
    shown: (panel) => (panel.type === 'series' ? panel.series.map(({ values }) => values.map(fine)) : panel),
    computed: (events, scope) =>
      [byBucket(scope, (from, to) => meanOf(isIn(events, from, to)))].filter((values) =>
        values.some((v) => v !== null),
      ),
  },
  'product.quality_by_version': {
    shown: (panel) =>
      Object.fromEntries(
        Object.entries(rowsOf(panel, ['mean', 'count'])).map(([key, [mean, count]]) => [
          key,
          [fine(mean ?? null), count],
        ]),
      ),
    computed(events, scope) {
      const scored = rangeOf(events, scope).filter(({ scores }) => scores !== undefined)
      const groups = Map.groupBy(scored, (e) => `${textOf(e.workflow_id)} ${textOf(e.workflow_version)} quality`)
      return Object.fromEntries([...groups].map(([key, own]) => [key, [meanOf(own), own.length]]))
    },
  },
}

const noLeaks = () =>
  Object.fromEntries(
    ['failed_call', 'retry', 'loop', 'repeated_tool', 'oversized_context'].map((leak): [string, Cell[]] => [
      leak,
      [usdOfNano(0n), 0],
    ]),
  )

/** Traces of the workflow that has most of them; of two with as many, the panel says which it took. */
function busiest(traces: readonly RunFacts[], { controls = [] }: Shaped): RunFacts[] {
  const groups = Map.groupBy(traces, ({ workflow }) => workflow)
  const most = Math.max(0, ...[...groups.values()].map(({ length }) => length))
  const taken = controls.find(({ param }) => param === 'workflow')?.value ?? ''
  const own = groups.get(taken) ?? []
  if (own.length < most) throw new Error(`${taken} is not the workflow of most traces`)
  return own
}

/** Mean of the scores, to a millionth. */
function meanOf(events: readonly FleetEvent[]): number | null {
  const values = events.flatMap(({ scores }) => (scores === undefined ? [] : [(scores as { quality: number }).quality]))
  if (values.length === 0) return null
  return fine(values.reduce((sum, value) => sum + value, 0) / values.length)
}

/** To a billionth: floats add up in any order. */
function fine(value: Cell): number | null {
  return value === null ? null : Number(Number(value).toFixed(9))
}
