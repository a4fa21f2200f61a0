import { Comparison, type Verdict } from '../../../../../../workers/contract/compare.ts'
import { formatDuration, formatPercent, formatUsd } from '../../../format.ts'
import type { Ask } from '../ask.ts'
import type { Cell, Control, PanelSpec, Scope, TableRow } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { chosenWorkflow } from './regressions.ts'

const WORDS: Record<Verdict, string> = {
  better: 'B is better',
  worse: 'B is worse',
  no_difference_shown: 'no difference shown',
  too_few: 'too few traces',
}

/** What may be compared, in words, and the kind of rollup that knows its values. */
const COMPARED = [
  { of: 'workflow_version', kind: 'trace', one: 'version', many: 'versions' },
  { of: 'prompt_version', kind: 'llm', one: 'prompt version', many: 'prompt versions' },
  { of: 'model', kind: 'llm', one: 'model', many: 'models' },
] as const
type What = (typeof COMPARED)[number]

/** Two versions, prompts or models of one workflow, held against each other. */
export const comparison: PanelSpec = {
  id: 'product.comparison',
  title: 'A against B',
  unit: 'versions, prompts or models of one workflow, with 95 % intervals',
  definition:
    'Ended traces that used one of two versions, prompt versions or models and not the other, the newest 5,000 of each. Success: Wilson’s interval, and Newcombe’s for the difference. Cost and length: the difference of means (Welch) and percentiles with its interval. Scores: means of the values that events with A or B carried; more counts as better. A verdict stands only where the interval lies on one side of zero and both sides have 30 (docs/decisions/0021, 0026).',
  span: 12,
  async load(ask, scope) {
    const none = { type: 'table' as const, columns: [], rows: [] }
    const chosen = await chosenWorkflow(ask, scope)
    if (chosen === null) return { ...none, empty: 'No trace of this range names a workflow.' }
    const what = COMPARED.find(({ of }) => of === scope.params.compare_by) ?? COMPARED[0]
    const controls = [chosen.control, whatControl(what)]
    const sides = await sidesOf(ask, scope, chosen.workflow, what)
    if (sides === null)
      return { ...none, controls, empty: `${chosen.workflow} used one ${what.one} only in this range.` }
    const { a, b } = sides
    const project = scope.filters.project?.[0]
    const found = await ask.orgQuery(Comparison, ['compare'], {
      dimension: what.of,
      workflow: chosen.workflow,
      a,
      b,
      from: new Date(scope.range.from_ms).toISOString(),
      to: new Date(scope.range.to_ms).toISOString(),
      ...(project !== undefined && { project }),
    })
    const notes = [
      ...(found.a.sampled || found.b.sampled ? ['of the newest 5,000 traces of each'] : []),
      ...(found.mixed > 0 ? [`${found.mixed.toLocaleString('en')} traces that used both are left out`] : []),
    ]
    return {
      type: 'table',
      controls: [...controls, ...sides.controls],
      columns: [
        { key: 'measure', label: 'Measure', format: 'text' },
        { key: 'a', label: `A: ${a || `no ${what.one}`}`, format: 'text' },
        { key: 'b', label: `B: ${b || `no ${what.one}`}`, format: 'text' },
        { key: 'difference', label: 'B − A, 95 %', format: 'text' },
        { key: 'verdict', label: 'Verdict', format: 'text' },
      ],
      rows: rowsOf(found, tracesHref(scope, { workflow_id: chosen.workflow, ...(b !== '' && { [what.of]: b }) })),
      ...(notes.length > 0 && { note: notes.join(', ') }),
    }
  },
}

const whatControl = ({ of }: What): Control => ({
  param: 'compare_by',
  label: 'Compare',
  value: of,
  options: COMPARED.map((one) => ({ value: one.of, label: one.many })),
})

/** What each side is and by how much they differ, as it is said. */
export function rowsOf({ a, b, differences, scores }: Comparison, href: string): TableRow[] {
  const rate = (side: Comparison['a']): Cell =>
    side.success_rate === null
      ? null
      : `${formatPercent(side.success_rate.value)} (${formatPercent(side.success_rate.low)} to ${formatPercent(side.success_rate.high)})`
  const time = (ms: number | null) => (ms === null ? null : formatDuration(ms))
  const money = (usd: string | null) => (usd === null ? null : formatUsd(usd))
  const points = (share: number) => `${(share * 100).toFixed(1).replace('-', '−')} points`
  const plain = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 }).replace('-', '−')
  const scored = ({ mean, values }: { mean: number; values: number }) =>
    `${plain(mean)} of ${values.toLocaleString('en')}`
  const rows: [string, string, Cell, Cell, Cell, Verdict | null][] = [
    ['runs', 'Traces', a.runs.toLocaleString('en'), b.runs.toLocaleString('en'), null, null],
    ['success_rate', 'Success', rate(a), rate(b), ...said(differences.success_rate, points)],
    [
      'cost_avg_usd',
      'Mean cost',
      money(a.cost_avg_usd),
      money(b.cost_avg_usd),
      ...said(differences.cost_avg_usd, formatUsd),
    ],
    [
      'latency_p50_ms',
      'Median length',
      time(a.latency_p50_ms),
      time(b.latency_p50_ms),
      ...said(differences.latency_p50_ms, formatDuration),
    ],
    [
      'latency_p90_ms',
      'p90 length',
      time(a.latency_p90_ms),
      time(b.latency_p90_ms),
      ...said(differences.latency_p90_ms, formatDuration),
    ],
    ...scores.map((one): (typeof rows)[number] => [
      `score ${one.score}`,
      `Score ${one.score}`,
      scored(one.a),
      scored(one.b),
      ...said(one, plain),
    ]),
  ]
  return rows.map(([key, measure, left, right, difference, verdict]) => ({
    key,
    cells: { measure, a: left, b: right, difference, verdict: verdict === null ? null : WORDS[verdict] },
    href,
  }))
}

function said<T>(
  { difference, low, high, verdict }: { difference: T | null; low: T | null; high: T | null; verdict: Verdict },
  say: (value: T) => string,
): [Cell, Verdict] {
  if (difference === null) return [null, verdict]
  if (low === null || high === null) return [say(difference), verdict]
  return [`${say(difference)} (${say(low)} to ${say(high)})`, verdict]
}

interface Sides {
  a: string
  b: string
  controls: Control[]
}

/** The versions that the URL chooses, else the two that ran most; null where there is but one. */
async function sidesOf(ask: Ask, scope: Scope, workflow: string, what: What): Promise<Sides | null> {
  const answer = await ask.metrics({
    kind: what.kind,
    dimensions: [what.of],
    filters: [{ dimension: 'workflow_id', op: 'eq', values: [workflow] }],
    measures: ['count'],
    order: { by: 'count', direction: 'desc' },
    limit: 100,
  })
  const values = answer.data.map((row) => String(row[what.of] ?? ''))
  const [most, second] = values
  if (most === undefined || second === undefined) return null
  const [older, newer] = [most, second].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
  const pick = (wanted: string | undefined, usual: string) =>
    wanted !== undefined && values.includes(wanted) ? wanted : usual
  const a = pick(scope.params.a, older ?? most)
  const wanted = pick(scope.params.b, newer ?? second)
  const b = wanted === a ? (values.find((value) => value !== a) ?? second) : wanted
  const options = values.map((value) => ({ value, label: value || `no ${what.one} named` }))
  const control = (param: string, label: string, value: string) => ({ param, label, value, options })
  return { a, b, controls: [control('a', 'A', a), control('b', 'B', b)] }
}
