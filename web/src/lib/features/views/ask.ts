import type * as z from 'zod'
import { SpendAnswer, type SPEND_GROUPS } from '../../../../../workers/contract/api.ts'
import { CacheSavings } from '../../../../../workers/contract/cache-savings.ts'
import { MetricsAnswer, type MetricsQuery } from '../../../../../workers/contract/metrics.ts'
import { ApiError, orgPath, projectPath, type Api } from '../../api.ts'
import { metricsFilters, spendFilters, unfilterable, type SpendFilters } from '../filters/filters.ts'
import type { Scope } from './panel.ts'

/** A call of the API, as a person can repeat it. */
export interface Call {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
}

export type SpendGroup = (typeof SPEND_GROUPS)[number]
type Asked = Partial<Omit<MetricsQuery, 'from' | 'to' | 'time_zone'>>

/** A panel cannot be told apart by a filter that is set. */
export class NotFilterable extends Error {}

/**
 * What panels ask with. The view's range and filters are added; equal questions of one view are asked once; what was
 * asked is noted, to be shown.
 */
export class Ask {
  readonly calls: Call[] = []
  private readonly api: Api
  private readonly scope: Scope
  private readonly asked: Map<string, Promise<unknown>>

  constructor(api: Api, scope: Scope, asked: Map<string, Promise<unknown>>) {
    this.api = api
    this.scope = scope
    this.asked = asked
  }

  /** Metrics of the range. @throws NotFilterable when rows of this kind do not carry what is filtered. */
  metrics(query: Asked): Promise<MetricsAnswer> {
    return this.between(query, this.scope.range)
  }

  /**
   * Metrics of the period that is compared with; null when there is none. Totals are read as far as the range has got,
   * so that the day so far is not held against a whole day.
   */
  async metricsBefore(query: Asked): Promise<MetricsAnswer | null> {
    const { before, range, nowMs } = this.scope
    if (before === null) return null
    const isTotal = query.step === undefined || query.step === 'total'
    const gone = Math.min(nowMs, range.to_ms) - range.from_ms
    return this.between(query, isTotal ? { from_ms: before.from_ms, to_ms: before.from_ms + gone } : before)
  }

  /** Metrics of another stretch of time. */
  async between(query: Asked, { from_ms, to_ms }: { from_ms: number; to_ms: number }): Promise<MetricsAnswer> {
    const body: Partial<MetricsQuery> = {
      ...query,
      filters: [...(query.filters ?? []), ...metricsFilters(this.scope)],
      from: iso(from_ms),
      to: iso(to_ms),
      time_zone: this.scope.range.zone,
    }
    try {
      return await this.send({ method: 'POST', path: orgPath(this.scope.org, 'metrics', 'query'), body }, MetricsAnswer)
    } catch (error) {
      const why =
        error instanceof ApiError && error.problem.code === 'invalid_input' ? unfilterable(error.problem.detail) : null
      if (why !== null) throw new NotFilterable(why)
      throw error
    }
  }

  /** Exact spend from the ledger, of the range or another stretch of time; `only` narrows what is filtered. */
  async spend(
    group_by: readonly SpendGroup[],
    { from_ms, to_ms }: { from_ms: number; to_ms: number } = this.scope.range,
    only: SpendFilters = {},
  ): Promise<SpendAnswer> {
    const { range, org } = this.scope
    const query = new URLSearchParams({
      from: iso(from_ms),
      to: iso(to_ms),
      group_by: group_by.join(','),
      time_zone: range.zone,
    })
    appendAll(query, { ...spendFilters(this.scope), ...only })
    return this.send({ method: 'GET', path: `${orgPath(org, 'spend')}?${query}` }, SpendAnswer)
  }

  /** What caching saved in the range. */
  async spendCache(): Promise<CacheSavings> {
    const { org, range } = this.scope
    const query = new URLSearchParams({ from: iso(range.from_ms), to: iso(range.to_ms) })
    appendAll(query, spendFilters(this.scope))
    return this.send({ method: 'GET', path: `${orgPath(org, 'spend', 'cache')}?${query}` }, CacheSavings)
  }

  /** Spend of the period that is compared with, as far as the range has got; null when there is none. */
  async spendBefore(group_by: readonly SpendGroup[]): Promise<SpendAnswer | null> {
    const { before, range, nowMs } = this.scope
    if (before === null) return null
    const gone = Math.min(nowMs, range.to_ms) - range.from_ms
    return this.spend(group_by, { from_ms: before.from_ms, to_ms: before.from_ms + gone })
  }

  /** Anything else of the organization. */
  org<S extends z.ZodType>(schema: S, ...path: string[]): Promise<z.infer<S>> {
    return this.send({ method: 'GET', path: orgPath(this.scope.org, ...path) }, schema)
  }

  /** Anything else of the organization, with a query. */
  orgQuery<S extends z.ZodType>(schema: S, path: string[], query: Record<string, string>): Promise<z.infer<S>> {
    return this.send(
      { method: 'GET', path: `${orgPath(this.scope.org, ...path)}?${new URLSearchParams(query)}` },
      schema,
    )
  }

  /** Anything else of a project. */
  project<S extends z.ZodType>(schema: S, projectId: string, ...path: string[]): Promise<z.infer<S>> {
    return this.send({ method: 'GET', path: projectPath(projectId, ...path) }, schema)
  }

  /** Anything else of a project, with a query. */
  projectQuery<S extends z.ZodType>(
    schema: S,
    [projectId, ...path]: [string, ...string[]],
    query: Record<string, string>,
  ): Promise<z.infer<S>> {
    return this.send(
      { method: 'GET', path: `${projectPath(projectId, ...path)}?${new URLSearchParams(query)}` },
      schema,
    )
  }

  private send<S extends z.ZodType>(call: Call, schema: S): Promise<z.infer<S>> {
    const key = JSON.stringify(call)
    if (!this.calls.some((one) => JSON.stringify(one) === key)) this.calls.push(call)
    const before = this.asked.get(key)
    if (before !== undefined) return before as Promise<z.infer<S>>
    const answer = call.method === 'GET' ? this.api.get(call.path, schema) : this.api.post(call.path, schema, call.body)
    this.asked.set(key, answer)
    return answer
  }
}

function appendAll(query: URLSearchParams, filters: SpendFilters): void {
  for (const [name, values] of Object.entries(filters)) for (const value of values) query.append(name, value)
}

const iso = (ms: number) => new Date(ms).toISOString()
