import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import type { Expected } from './view-expected.ts'
import { errorOf, isFailed, isIn, requestsOf, textOf } from './view-reference.ts'

const KNOWN_MS = 90 * 86_400_000
const STOPPING = ['policy_blocked', 'approval_timeout', 'budget_exceeded', 'loop_detected']
type Test = (event: FleetEvent) => boolean

const rangeOf = (events: readonly FleetEvent[], { range }: Scope) => isIn(events, range.from_ms, range.to_ms)
const decided =
  (result: string): Test =>
  ({ event_type, policy_result }) =>
    event_type === 'agent.policy.decision' && policy_result === result
const ended =
  (...errors: string[]): Test =>
  (event) =>
    event.event_type === 'agent.request.completed' && errors.includes(errorOf(event))
const keyOf = (event: FleetEvent, ...names: string[]) => names.map((name) => textOf(event[name])).join('\0')
const hostsOf = (events: readonly FleetEvent[]) =>
  new Set(events.flatMap(({ egress_host }) => textOf(egress_host) || []))
/** The fleet tells how much it found, not of what type. */
const findingsOf = (events: readonly FleetEvent[], name: string) =>
  events.reduce((sum, event) => sum + Number(event[name] ?? 0), 0)

/** How many of each group pass each test; groups of which none does are left out. */
function countsBy(events: readonly FleetEvent[], key: (event: FleetEvent) => string, ...tests: Test[]) {
  const groups = [...Map.groupBy(events, key)].map(([name, own]): [string, Cell[]] => [
    name,
    tests.map((test) => own.filter(test).length),
  ])
  return Object.fromEntries(groups.filter(([, counts]) => counts.some(Number)))
}

function rowsOf(...columns: string[]): (panel: Shaped) => unknown {
  return (panel) =>
    panel.type === 'table'
      ? Object.fromEntries(panel.rows.map(({ key, cells }) => [key, columns.map((name) => cells[name] ?? null)]))
      : panel
}

function seriesOf(panel: Shaped): unknown {
  return panel.type === 'series' ? Object.fromEntries(panel.series.map(({ key, values }) => [key, values])) : panel
}

function overTime(events: readonly FleetEvent[], { range: { buckets, to_ms } }: Scope, test: Test): number[] {
  const kept = events.filter(test)
  return buckets.map((from, at) => isIn(kept, from, buckets[at + 1] ?? to_ms).length)
}

export const GOVERNANCE: Record<string, Expected> = {
  'governance.figures': {
    shown: (panel) =>
      panel.type === 'figures' ? Object.fromEntries(panel.figures.map(({ key, value }) => [key, value])) : panel,
    computed(events, scope) {
      const own = rangeOf(events, scope)
      const known = hostsOf(isIn(events, scope.range.from_ms - KNOWN_MS, scope.range.from_ms))
      const hosts = [...hostsOf(own)]
      return {
        decisions: own.filter(({ event_type }) => event_type === 'agent.policy.decision').length,
        blocked: own.filter(decided('block')).length,
        escalated: own.filter(decided('escalate')).length,
        allowed: own.filter(decided('allow')).length,
        budget: own.filter(ended('budget_exceeded')).length,
        loops: own.filter(ended('loop_detected')).length,
        pii: findingsOf(own, 'pii_detected'),
        redacted: findingsOf(own, 'pii_redacted'),
        hosts: hosts.length,
        new_hosts: hosts.filter((host) => !known.has(host)).length,
      }
    },
  },
  'governance.decisions': {
    shown: seriesOf,
    computed(events, scope) {
      if (!rangeOf(events, scope).some(({ event_type }) => event_type === 'agent.policy.decision')) return {}
      const results = ['block', 'escalate', 'allow']
      return Object.fromEntries(results.map((result) => [result, overTime(events, scope, decided(result))]))
    },
  },
  'governance.violations': {
    shown: rowsOf('blocked', 'escalated'),
    computed(events, scope) {
      const key = (event: FleetEvent) => keyOf(event, 'policy_id', 'workflow_id', 'agent_id')
      return countsBy(rangeOf(events, scope), key, decided('block'), decided('escalate'))
    },
  },
  'governance.stopped': {
    shown: rowsOf('count'),
    computed(events, scope) {
      const key = (event: FleetEvent) => [errorOf(event), keyOf(event, 'workflow_id', 'agent_id')].join('\0')
      return countsBy(requestsOf(rangeOf(events, scope)), key, ended(...STOPPING))
    },
  },
  'governance.escalations': {
    shown: seriesOf,
    computed: (events, scope) => ({
      escalated: overTime(events, scope, decided('escalate')),
      timed_out: overTime(events, scope, ended('approval_timeout')),
    }),
  },
  'governance.escalated-by': {
    shown: rowsOf('escalated', 'timed_out'),
    computed(events, scope) {
      const key = (event: FleetEvent) => keyOf(event, 'workflow_id')
      return countsBy(rangeOf(events, scope), key, decided('escalate'), ended('approval_timeout'))
    },
  },
  'governance.egress-tools': {
    shown: rowsOf('count', 'failed'),
    computed(events, scope) {
      const sent = rangeOf(events, scope).filter(({ egress_host }) => textOf(egress_host) !== '')
      const key = (event: FleetEvent) => keyOf(event, 'egress_host', 'workflow_id', 'tool_name')
      return countsBy(sent, key, () => true, isFailed)
    },
  },
  'governance.pii-types': {
    shown: rowsOf('found', 'redacted', 'events'),
    computed(events, scope) {
      const own = rangeOf(events, scope).filter(({ pii_detected }) => Number(pii_detected ?? 0) > 0)
      if (own.length === 0) return {}
      return { unknown: [findingsOf(own, 'pii_detected'), findingsOf(own, 'pii_redacted'), own.length] }
    },
  },
}
