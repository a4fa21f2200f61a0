import { formatPercent } from '../../../format.ts'
import type { Ask } from '../ask.ts'
import type { Control, PanelSpec, Scope } from '../panel.ts'
import { cell, HOURLY, label, overTime, share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'
import { releasesOf, verdictOf, type Release } from './releases.ts'

/** The workflow that the URL chooses, else the busiest; with the others to choose from. Null where there is none. */
export async function chosenWorkflow(ask: Ask, scope: Scope): Promise<{ workflow: string; control: Control } | null> {
  const answer = await ask.metrics({
    kind: 'trace',
    dimensions: ['workflow_id'],
    measures: ['count'],
    order: { by: 'count', direction: 'desc' },
    limit: 200,
  })
  const ids = answer.data.map((row) => String(row.workflow_id ?? '')).filter((id) => id !== '')
  const wanted = scope.params.workflow
  const workflow = wanted !== undefined && ids.includes(wanted) ? wanted : ids[0]
  if (workflow === undefined) return null
  const options = ids.map((id) => ({ value: id, label: id }))
  return { workflow, control: { param: 'workflow', label: 'Workflow', value: workflow, options } }
}

export const successOverReleases: PanelSpec = {
  id: 'product.regressions',
  title: 'Success and releases',
  unit: 'share of traces that succeed, by version',
  definition:
    'Success rate of one workflow’s traces in each interval, for each of its versions, and where a version appeared for the first time. Outcomes that are revised later change it.',
  span: 6,
  height: 296,
  async load(ask, scope) {
    if (scope.range.step === 'minute') return { type: 'series', format: 'percent', series: [], empty: HOURLY }
    const chosen = await chosenWorkflow(ask, scope)
    if (chosen === null)
      return { type: 'series', format: 'percent', series: [], empty: 'No trace of this range names a workflow.' }
    const answer = await ask.metrics(byVersion(chosen.workflow, scope))
    const versions = [...new Set(answer.data.map((row) => String(row.workflow_version ?? '')))].sort()
    return {
      type: 'series',
      format: 'percent',
      controls: [chosen.control],
      series: versions.map((version) => ({
        key: version,
        label: version || 'no version named',
        kind: 'line',
        values: overTime(answer, scope.range.buckets, 'success_rate', (row) => row.workflow_version === version),
      })),
      marks: releasesOf(answer.data, scope.range.buckets).map((release) => ({
        at_ms: release.at_ms,
        label: `${release.version} appeared: ${said(release)}`,
      })),
    }
  },
}

export const releases: PanelSpec = {
  id: 'product.releases',
  title: 'Regressions after releases',
  unit: 'success before and since each new version',
  definition:
    'For each version that appeared within the range: the success rate of the workflow’s traces since then, up to the next release, minus the rate before, back to the last one. The interval is Newcombe’s for the difference of two rates, at 95 %. A verdict stands only where it lies on one side of zero and both sides have 30 traces.',
  span: 6,
  async load(ask, scope) {
    if (scope.range.step === 'minute') return { type: 'table', columns: [], rows: [], empty: HOURLY }
    const chosen = await chosenWorkflow(ask, scope)
    if (chosen === null)
      return { type: 'table', columns: [], rows: [], empty: 'No trace of this range names a workflow.' }
    const answer = await ask.metrics(byVersion(chosen.workflow, scope))
    const found = releasesOf(answer.data, scope.range.buckets)
    return {
      type: 'table',
      controls: [chosen.control],
      columns: [
        { key: 'version', label: 'Version', format: 'text' },
        { key: 'at', label: 'First seen', format: 'datetime' },
        { key: 'before', label: 'Before', format: 'percent' },
        { key: 'since', label: 'Since', format: 'percent' },
        { key: 'interval', label: 'Difference, 95 %', format: 'text' },
        { key: 'verdict', label: 'Verdict', format: 'text' },
        { key: 'n', label: 'Traces', format: 'text' },
      ],
      rows: found.map((release) => ({
        key: release.version,
        cells: {
          version: release.version,
          at: release.at_ms,
          before: share(release.before.successes, release.before.n),
          since: share(release.since.successes, release.since.n),
          interval: interval(release),
          verdict: verdictOf(release),
          n: `${release.before.n.toLocaleString('en')} and ${release.since.n.toLocaleString('en')}`,
        },
        href: tracesHref(scope, { workflow_id: chosen.workflow, workflow_version: release.version }),
      })),
      ...(found.length === 0 && { empty: `No new version of ${chosen.workflow} appeared in this range.` }),
    }
  },
}

export const versions: PanelSpec = {
  id: 'product.versions',
  title: 'Versions',
  unit: 'traces of one workflow, by version',
  definition:
    'Traces that began in the range, by workflow version: success rate, mean cost, cost per success (all cost / successes) and length.',
  span: 12,
  async load(ask, scope) {
    const chosen = await chosenWorkflow(ask, scope)
    if (chosen === null)
      return { type: 'table', columns: [], rows: [], empty: 'No trace of this range names a workflow.' }
    const answer = await ask.metrics({
      kind: 'trace',
      dimensions: ['workflow_version'],
      filters: [{ dimension: 'workflow_id', op: 'eq', values: [chosen.workflow] }],
      measures: [
        'count',
        'success_rate',
        'cost_usd',
        'cost_avg_usd',
        'cost_per_success_usd',
        'latency_p50_ms',
        'latency_p90_ms',
      ],
    })
    return {
      type: 'table',
      controls: [chosen.control],
      sort: 'traces',
      columns: [
        { key: 'version', label: 'Version', format: 'text' },
        { key: 'traces', label: 'Traces', format: 'count' },
        { key: 'rate', label: 'Success', format: 'percent' },
        { key: 'cost', label: 'Cost', format: 'usd' },
        { key: 'mean', label: 'Mean cost', format: 'usd' },
        { key: 'each', label: 'Per success', format: 'usd' },
        { key: 'p50', label: 'Median length', format: 'duration' },
        { key: 'p90', label: 'p90 length', format: 'duration' },
      ],
      rows: answer.data.map((row) => {
        const version = String(row.workflow_version ?? '')
        return {
          key: version,
          cells: {
            version: label(row, 'workflow_version', 'no version named'),
            traces: size(row, 'count'),
            rate: cell(row, 'success_rate'),
            cost: cell(row, 'cost_usd'),
            mean: cell(row, 'cost_avg_usd'),
            each: cell(row, 'cost_per_success_usd'),
            p50: cell(row, 'latency_p50_ms'),
            p90: cell(row, 'latency_p90_ms'),
          },
          href: tracesHref(scope, {
            workflow_id: chosen.workflow,
            ...(version !== '' && { workflow_version: version }),
          }),
        }
      }),
    }
  },
}

function byVersion(workflow: string, scope: Scope): Parameters<Ask['metrics']>[0] {
  return {
    kind: 'trace',
    dimensions: ['workflow_version'],
    filters: [{ dimension: 'workflow_id', op: 'eq', values: [workflow] }],
    measures: ['count', 'successes', 'success_rate'],
    step: scope.range.step,
    limit: 5000,
  }
}

function said(release: Release): string {
  const { before, since } = release
  const rates = [share(before.successes, before.n), share(since.successes, since.n)]
  const [from, to] = rates.map((rate) => (rate === null ? '–' : formatPercent(rate)))
  return `${from} to ${to}, ${verdictOf(release)}`
}

function interval({ difference }: Release): string {
  if (difference === null) return '–'
  const points = (value: number) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value * 100).toFixed(1)}`
  return `${points(difference.value)} points (${points(difference.low)} to ${points(difference.high)})`
}
