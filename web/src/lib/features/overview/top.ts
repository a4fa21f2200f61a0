import { classOf } from '../../../../../workers/contract/failure.ts'
import type { MetricsAnswer, MetricsRow } from '../../../../../workers/contract/metrics.ts'
import type { SpendAnswer } from '../../../../../workers/contract/api.ts'
import { addUsd, nanoOf } from '../../money.ts'
import { amount, isZero, TOP_MAX, usd } from './overview.ts'

/** A row of "top workflows" or "top models". `id` is empty for what no event named. */
export interface TopRow {
  id: string
  label: string
  detail: string
  cost_usd: string
  count: number
  /** Share of good outcomes; null where nothing was counted. */
  success_rate: number | null
  p90_ms: number | null
  unpriced: number
  tokens: number
}

export interface TopList {
  rows: TopRow[]
  /** How many more there are, and what they cost together. */
  others: number
  others_cost_usd: string
  total_cost_usd: string
}

/** What a workflow cost. */
export interface WorkflowCost {
  workflow: string
  cost_usd: string
  unpriced: number
  tokens: number
}

export function costsFromLedger(spend: SpendAnswer): WorkflowCost[] {
  return spend.data.map((row) => ({
    workflow: textOf(row.workflow),
    cost_usd: row.cost_usd,
    unpriced: row.unpriced,
    tokens: row.tokens_prompt + row.tokens_completion,
  }))
}

/** Workflows by what they cost, with what they did. */
export function shapeWorkflows(metrics: MetricsAnswer, costs: readonly WorkflowCost[]): TopList {
  const rows = new Map<string, TopRow>()
  for (const row of metrics.data) {
    const id = String(row.workflow_id ?? '')
    rows.set(id, {
      ...emptyRow(id),
      count: amount(row, 'count') ?? 0,
      success_rate: amount(row, 'success_rate'),
      p90_ms: amount(row, 'latency_p90_ms'),
    })
  }
  for (const { workflow, ...cost } of costs)
    rows.set(workflow, { ...(rows.get(workflow) ?? emptyRow(workflow)), ...cost })
  return topOf([...rows.values()])
}

/** Models by what they cost. */
export function shapeModels(metrics: MetricsAnswer): TopList {
  return topOf(
    metrics.data.map((row) => ({
      ...emptyRow(String(row.model ?? '')),
      detail: String(row.provider ?? ''),
      cost_usd: usd(row),
      count: amount(row, 'count') ?? 0,
      success_rate: successOf(row),
      p90_ms: amount(row, 'latency_p90_ms'),
      unpriced: amount(row, 'unpriced') ?? 0,
      tokens: amount(row, 'tokens_total') ?? 0,
    })),
  )
}

function topOf(rows: TopRow[]): TopList {
  const used = rows.filter((row) => row.count > 0 || !isZero(row.cost_usd) || row.unpriced > 0)
  used.sort((left, right) => byCost(left, right) || right.count - left.count || left.id.localeCompare(right.id))
  const rest = used.slice(TOP_MAX)
  return {
    rows: used.slice(0, TOP_MAX),
    others: rest.length,
    others_cost_usd: addUsd(rest.map((row) => row.cost_usd)),
    total_cost_usd: addUsd(used.map((row) => row.cost_usd)),
  }
}

function byCost(left: TopRow, right: TopRow): number {
  const difference = nanoOf(right.cost_usd) - nanoOf(left.cost_usd)
  return difference > 0n ? 1 : difference < 0n ? -1 : 0
}

function emptyRow(id: string): TopRow {
  return {
    id,
    label: id,
    detail: '',
    cost_usd: '0.000000000',
    count: 0,
    success_rate: null,
    p90_ms: null,
    unpriced: 0,
    tokens: 0,
  }
}

function successOf(row: MetricsRow): number | null {
  const rate = amount(row, 'error_rate')
  return rate === null ? null : 1 - rate
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export interface ErrorClass {
  name: string
  errors: number
  share: number
  types: { name: string; errors: number }[]
}

/** Failed requests by class, each with its types, most frequent first. */
export function shapeErrors(answer: MetricsAnswer): { classes: ErrorClass[]; total: number } {
  const classes = new Map<string, ErrorClass>()
  let total = 0
  for (const row of answer.data) {
    const errors = amount(row, 'errors') ?? 0
    if (errors === 0) continue
    const type = textOf(row.error_type) || 'unknown'
    const name = classOf(type)
    const known = classes.get(name) ?? { name, errors: 0, share: 0, types: [] }
    known.errors += errors
    known.types.push({ name: type, errors })
    classes.set(name, known)
    total += errors
  }
  const list = [...classes.values()].sort(
    (left, right) => right.errors - left.errors || left.name.localeCompare(right.name),
  )
  for (const entry of list) {
    entry.share = entry.errors / total
    entry.types.sort((left, right) => right.errors - left.errors)
  }
  return { classes: list, total }
}
