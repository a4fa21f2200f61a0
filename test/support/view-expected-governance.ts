import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope } from '../../web/src/lib/features/views/panel.ts'
import { errorOf, isFailed, isIn, requestsOf, textOf } from './view-reference.ts'
import { allSeriesOf, byBucket, cellsOf, figuresOf, rangeOf, rowsOf, type Expected } from './view-shown.ts'

const KNOWN_MS = 90 * 86_400_000
const STOPPING = ['policy_blocked', 'approval_timeout', 'budget_exceeded', 'loop_detected']
type Test = (event: FleetEvent) => boolean

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

const overTime = (events: readonly FleetEvent[], scope: Scope, test: Test) =>
  byBucket(scope, (from, to) => isIn(events, from, to).filter(test).length)
const isNow = ({ range }: Scope, at: string) => Date.parse(at) >= range.from_ms && Date.parse(at) < range.to_ms

/** How many of each workflow and column, and of which sums. */
function mapOf(
  events: readonly FleetEvent[],
  column: (event: FleetEvent) => string,
  size: (event: FleetEvent) => number,
) {
  return Object.fromEntries(
    [...Map.groupBy(events, ({ workflow_id }) => textOf(workflow_id))].map(([workflow, own]) => [
      workflow,
      Object.fromEntries(
        [...Map.groupBy(own, column)].map(([key, group]) => [key, group.reduce((sum, event) => sum + size(event), 0)]),
      ),
    ]),
  )
}

export const GOVERNANCE: Record<string, Expected> = {
  'governance.figures': {
    shown: figuresOf,
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
    shown: allSeriesOf,
    computed(events, scope) {
      if (!rangeOf(events, scope).some(({ event_type }) => event_type === 'agent.policy.decision')) return {}
      const results = ['block', 'escalate', 'allow']
      return Object.fromEntries(results.map((result) => [result, overTime(events, scope, decided(result))]))
    },
  },
  'governance.violations': {
    shown: (panel) => rowsOf(panel, ['blocked', 'escalated']),
    computed(events, scope) {
      const key = (event: FleetEvent) => keyOf(event, 'policy_id', 'workflow_id', 'agent_id')
      return countsBy(rangeOf(events, scope), key, decided('block'), decided('escalate'))
    },
  },
  'governance.stopped': {
    shown: (panel) => rowsOf(panel, ['count']),
    computed(events, scope) {
      const key = (event: FleetEvent) => [errorOf(event), keyOf(event, 'workflow_id', 'agent_id')].join('\0')
      return countsBy(requestsOf(rangeOf(events, scope)), key, ended(...STOPPING))
    },
  },
  'governance.escalations': {
    shown: allSeriesOf,
    computed: (events, scope) => ({
      escalated: overTime(events, scope, decided('escalate')),
      timed_out: overTime(events, scope, ended('approval_timeout')),
    }),
  },
  'governance.escalated-by': {
    shown: (panel) => rowsOf(panel, ['escalated', 'timed_out']),
    computed(events, scope) {
      const key = (event: FleetEvent) => keyOf(event, 'workflow_id')
      return countsBy(rangeOf(events, scope), key, decided('escalate'), ended('approval_timeout'))
    },
  },
  'governance.egress-tools': {
    shown: (panel) => rowsOf(panel, ['count', 'failed']),
    computed(events, scope) {
      const sent = rangeOf(events, scope).filter(({ egress_host }) => textOf(egress_host) !== '')
      const key = (event: FleetEvent) => keyOf(event, 'egress_host', 'workflow_id', 'tool_name')
      return countsBy(sent, key, () => true, isFailed)
    },
  },
  'governance.pii-types': {
    shown: (panel) => rowsOf(panel, ['found', 'redacted', 'events']),
    computed(events, scope) {
      const own = rangeOf(events, scope).filter(({ pii_detected }) => Number(pii_detected ?? 0) > 0)
      if (own.length === 0) return {}
      return { unknown: [findingsOf(own, 'pii_detected'), findingsOf(own, 'pii_redacted'), own.length] }
    },
  },
  'governance.pii-workflows': {
    shown: cellsOf,
    computed(events, scope) {
      const found = rangeOf(events, scope).filter(({ pii_detected }) => Number(pii_detected ?? 0) > 0)
      return mapOf(
        found,
        () => 'unknown',
        ({ pii_detected }) => Number(pii_detected),
      )
    },
  },
  'governance.egress-map': {
    shown: (panel) => ({
      cells: cellsOf(panel),
      news:
        panel.type === 'heatmap' &&
        panel.columns
          .filter(({ label }) => label.endsWith(' (new)'))
          .map(({ key }) => key)
          .toSorted(),
    }),
    computed(events, scope) {
      const sent = rangeOf(events, scope).filter(({ egress_host }) => textOf(egress_host) !== '')
      const known = hostsOf(isIn(events, scope.range.from_ms - KNOWN_MS, scope.range.from_ms))
      const cells = mapOf(
        sent,
        ({ egress_host }) => textOf(egress_host),
        () => 1,
      )
      return { cells, news: [...hostsOf(sent)].filter((host) => !known.has(host)).toSorted() }
    },
  },
  'governance.approvals': {
    shown: figuresOf,
    computed(events, scope, { made: { granted, waiting } }) {
      const own = rangeOf(events, scope)
      const took = Date.parse(granted.decided_at ?? '') - Date.parse(granted.asked_at)
      return {
        escalated: own.filter(decided('escalate')).length,
        timed_out: own.filter(ended('approval_timeout')).length,
        waiting: 1,
        longest: scope.nowMs - Date.parse(waiting.asked_at),
        median: isNow(scope, granted.decided_at ?? '') ? took : null,
      }
    },
  },
  'governance.extensions': {
    shown: (panel) => rowsOf(panel, ['budget', 'amount', 'waits', 'by', 'reason']),
    computed: (_, { nowMs }, { made: { budget, waiting } }) => ({
      [waiting.id]: [budget.name, '7.250000000', nowMs - Date.parse(waiting.asked_at), 'Test Person', 'a busier day'],
    }),
  },
  'governance.audit': {
    shown: (panel) =>
      panel.type === 'table' &&
      panel.rows
        .map(({ cells: { action, target, actor } }) => [action, target, actor])
        .filter(([action]) => /^(budget|extension)\./.test(String(action))),
    computed: (_, scope, { made: { budget, granted, waiting } }) =>
      [
        ['extension.ask', waiting.id],
        ['extension.grant', granted.id],
        ['extension.ask', granted.id],
        ['budget.create', budget.name],
      ]
        .filter(() => isNow(scope, waiting.asked_at))
        .map((entry) => [...entry, 'Test Person']),
  },
  'governance.retention': {
    shown: (panel) =>
      rowsOf(panel, [
        'events_days',
        'traces_days',
        'metrics_days',
        'archive_days',
        'events',
        'traces',
        'metrics',
        'archive',
      ]),
    computed: (_, __, { made: { projectId } }) => ({
      [projectId]: ['90 days', '400 days', '800 days', '400 days', 0, 0, 0, 0],
    }),
  },
}
