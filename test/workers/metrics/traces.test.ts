import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { advanceProgress } from '../../../workers/adapters/d1/progress.ts'
import { retentionTables } from '../../../workers/adapters/d1/retention-store.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { traceDays } from '../../../workers/adapters/d1/trace-days.ts'
import { traceRollup } from '../../../workers/adapters/d1/trace-rollup.ts'
import { d1Metrics } from '../../../workers/adapters/metrics/d1/store.ts'
import { MetricsQuery, type MetricsAnswer, type MetricsRow } from '../../../workers/contract/metrics.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { bucketOf, quantile } from '../../../workers/domain/histogram.ts'
import { freshTenant } from '../../support/batches.ts'
import { commitEvents } from '../../support/metrics-shard.ts'
import {
  randomRuns,
  referenceRows,
  referenceTraces,
  TRACE_MEASURES,
  type ReferenceTrace,
} from '../../support/trace-reference.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const text = (ms: number) => new Date(ms).toISOString()
const store = d1Metrics(
  () => db,
  () => NOW,
)

function ask(tenant: ProjectTenant, query: Record<string, unknown>, projects = [tenant.project_id]) {
  const whole = { kind: 'trace', from: text(NOW - 300 * HOUR_MS), to: text(NOW), limit: 5000 }
  return store.query(tenant, projects, MetricsQuery.parse({ ...whole, ...query }))
}

/** By every label that rows carry, by hour, and in total. */
async function expectSame(tenant: ProjectTenant, traces: readonly ReferenceTrace[], why: string): Promise<void> {
  for (const dimensions of [
    ['environment', 'agent_id', 'outcome'],
    ['workflow_id', 'workflow_version', 'status'],
    ['error_type', 'outcome'],
    ['outcome'],
  ] as (keyof ReferenceTrace)[][]) {
    const answer = await ask(tenant, { measures: [...TRACE_MEASURES], dimensions })
    expect(sorted(answer, dimensions), `${why} by ${dimensions.join()}`).toEqual(referenceRows(traces, dimensions))
  }
  const hourly = await ask(tenant, { measures: [...TRACE_MEASURES], step: 'hour', dimensions: ['workflow_id'] })
  expect(sorted(hourly, ['time', 'workflow_id']), why).toEqual(referenceRows(traces, ['workflow_id'], true))
}

function sorted({ data }: MetricsAnswer, by: readonly string[]): MetricsRow[] {
  const key = (row: MetricsRow) => JSON.stringify(by.map((name) => row[name]))
  return data.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

async function rollAll(orgId: string, on = db): Promise<void> {
  while (await traceRollup(on).roll(orgId));
}

const storedRows = async (orgId: string) =>
  (
    await db
      .prepare(
        `SELECT * FROM rollup WHERE org_id = ?1 AND kind = 'trace' ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17`,
      )
      .bind(orgId)
      .all()
  ).results

/** Each run in two commits: all but its last event, and later, in another order, the last ones. */
async function commitRuns(tenant: ProjectTenant, runs: CanonicalEvent[][]): Promise<CanonicalEvent[][]> {
  const first = runs.flatMap((run) => run.slice(0, -1))
  const last = runs.flatMap((run) => run.slice(-1)).toReversed()
  const commits: CanonicalEvent[][] = []
  for (const part of [first, last]) {
    const ordered = part.toSorted((a, b) => a.timestamp - b.timestamp)
    for (let i = 0; i < ordered.length; i += 40) commits.push(ordered.slice(i, i + 40))
    await commitEvents(db, tenant, part, 40)
  }
  return commits
}

describe('sums of whole traces', () => {
  it('equal a fold of the events, before they are summed, halfway, after, and after more of them came', async () => {
    const tenant = freshTenant()
    const commits = await commitRuns(tenant, randomRuns(1, 150, NOW - 4 * HOUR_MS, NOW - HOUR_MS))
    await expectSame(tenant, referenceTraces(commits), 'as they are read')
    expect(await storedRows(tenant.org_id)).toEqual([])
    await traceRollup(endingAt(db, 5)).roll(tenant.org_id)
    expect((await storedRows(tenant.org_id)).length).toBeGreaterThan(0)
    await expectSame(tenant, referenceTraces(commits), 'halfway')
    await rollAll(tenant.org_id)
    await expectSame(tenant, referenceTraces(commits), 'summed')
    commits.push(...(await commitRuns(tenant, randomRuns(2, 40, NOW - 6 * HOUR_MS, NOW - 600_000))))
    await expectSame(tenant, referenceTraces(commits), 'with more')
    await rollAll(tenant.org_id)
    await expectSame(tenant, referenceTraces(commits), 'summed again')
  })

  it('say the same when several run at once, again, and after one was killed between its hours', async () => {
    const tenant = freshTenant()
    const commits = await commitRuns(tenant, randomRuns(3, 220, NOW - 280 * HOUR_MS, NOW - HOUR_MS))
    // A run reads, and writes a hundred hours at a time.
    for (const at of [2, 3]) {
      const killed = beforeBatch(db, at, async () => {
        throw new Error('killed here')
      })
      await expect(rollAll(tenant.org_id, killed)).rejects.toThrow('killed here')
      expect((await storedRows(tenant.org_id)).length > 0).toBe(at === 3)
      await expectSame(tenant, referenceTraces(commits), `killed before batch ${at}`)
    }
    await Promise.all(Array.from({ length: 4 }, () => rollAll(tenant.org_id)))
    const once = await storedRows(tenant.org_id)
    await expectSame(tenant, referenceTraces(commits), 'run by four')
    await db.prepare('DELETE FROM progress WHERE org_id = ?1').bind(tenant.org_id).run()
    await rollAll(tenant.org_id)
    expect(await storedRows(tenant.org_id)).toEqual(once)
  })

  it('are made anew as of now by one that was overtaken between its read and its write', async () => {
    const tenant = freshTenant()
    const commits = await commitRuns(tenant, randomRuns(4, 30, NOW - 3 * HOUR_MS, NOW - HOUR_MS))
    const overtaken = beforeBatch(db, 2, () => rollAll(tenant.org_id))
    expect(await traceRollup(overtaken).roll(tenant.org_id)).toBe(true)
    commits.push(...(await commitRuns(tenant, randomRuns(5, 30, NOW - 3 * HOUR_MS, NOW - HOUR_MS))))
    await rollAll(tenant.org_id)
    await expectSame(tenant, referenceTraces(commits), 'overtaken')
  })

  it('have the percentiles of durations of whole runs, as buckets of the same bounds', async () => {
    const tenant = freshTenant()
    const took = [0, 1, 2, 7, 99, 1000, 1040, 1041, 59_999, 86_400_000]
    const events = took.map((ms, i): CanonicalEvent => ({
      event_type: 'agent.request.completed',
      timestamp: NOW - 2 * HOUR_MS + ms,
      trace_id: `took-${i}`,
      span_id: 'root',
      status: 'ok',
      latency_ms: ms,
    }))
    await commitEvents(db, tenant, events, 100)
    const wanted: Record<string, number> = {}
    for (const ms of took) wanted[bucketOf(ms)] = (wanted[bucketOf(ms)] ?? 0) + 1
    const measures = ['latency_p50_ms', 'latency_p99_ms']
    const [read] = (await ask(tenant, { measures })).data
    expect(read).toEqual({ latency_p50_ms: quantile(wanted, 0.5), latency_p99_ms: quantile(wanted, 0.99) })
    await rollAll(tenant.org_id)
    const [row] = await storedRows(tenant.org_id)
    expect(JSON.parse(String(row?.latency_hist))).toEqual(wanted)
    expect((await ask(tenant, { measures })).data).toEqual([read])
  })

  it('are of the projects that are asked for, of no other organization, and of no other kind', async () => {
    const tenant = freshTenant()
    const second = { ...tenant, project_id: `${tenant.project_id}b`, workspace_id: `${tenant.workspace_id}b` }
    await commitRuns(tenant, randomRuns(6, 10, NOW - HOUR_MS, NOW - 600_000))
    await commitRuns(second, randomRuns(7, 5, NOW - HOUR_MS, NOW - 600_000))
    const count = async (projects: string[], of: ProjectTenant = tenant) =>
      (await ask(of, { measures: ['count'], dimensions: ['workspace_id', 'project_id'] }, projects)).data
    const both = [
      { workspace_id: tenant.workspace_id, project_id: tenant.project_id, count: 10 },
      { workspace_id: second.workspace_id, project_id: second.project_id, count: 5 },
    ]
    for (const _ of ['read', 'summed']) {
      expect(await count([tenant.project_id, second.project_id])).toEqual(both)
      expect(await count([second.project_id])).toEqual(both.slice(1))
      expect(await count([tenant.project_id, second.project_id], freshTenant())).toEqual([])
      await rollAll(tenant.org_id)
    }
    const before = await ask(tenant, { kind: 'total', measures: ['count', 'cost_usd'] })
    await db.prepare(`DELETE FROM rollup WHERE org_id = ?1 AND kind = 'trace'`).bind(tenant.org_id).run()
    expect(await ask(tenant, { kind: 'total', measures: ['count', 'cost_usd'] })).toEqual(before)
  })

  it('are summed for organizations whose deltas are many or old, or whose hours hold too many to be summed when read', async () => {
    const [old, fresh, busy] = [freshTenant(), freshTenant(), freshTenant()]
    const at = (ms: number, id: string): CanonicalEvent[] => [
      { event_type: 'agent.request.completed', timestamp: ms, trace_id: id, span_id: 's' },
    ]
    await commitEvents(db, old, at(NOW - 700_000, 'old'), 1)
    for (const tenant of [fresh, busy]) {
      await commitEvents(db, tenant, at(NOW - 300_000, 'one'), 1)
      await rollAll(tenant.org_id)
      await commitEvents(db, tenant, at(NOW - 100_000, 'two'), 1)
    }
    await db.prepare(`UPDATE rollup SET n = 10001 WHERE org_id = ?1 AND kind = 'trace'`).bind(busy.org_id).run()
    const due = await traceRollup(db).due(NOW)
    expect(due).toEqual(expect.arrayContaining([old.org_id, busy.org_id]))
    expect(due).not.toContain(fresh.org_id)
    const count = async (tenant: ProjectTenant) => (await ask(tenant, { measures: ['count'] })).data
    expect(await count(fresh)).toEqual([{ count: 2 }])
    expect(await count(busy), 'what was summed last').toEqual([{ count: 10_001 }])
    await rollAll(busy.org_id)
    expect(await count(busy)).toEqual([{ count: 2 }])
  })

  it('outlive their traces: an hour of which some were removed is not made anew', async () => {
    const tenant = freshTenant()
    const commits = await commitRuns(tenant, randomRuns(8, 40, NOW - 3 * HOUR_MS, NOW - HOUR_MS))
    await rollAll(tenant.org_id)
    const cutoffs = { events: null, batches: null, metrics: null, archive: null, traces: NOW - 2 * HOUR_MS }
    const project = { id: tenant.project_id, orgId: tenant.org_id }
    const { removed } = await retentionTables(db).traces(project as never, cutoffs, null)
    expect(removed).toBeGreaterThan(5)
    await expectSame(tenant, referenceTraces(commits), 'removed')
    await commitEvents(db, tenant, randomRuns(9, 3, NOW - 3 * HOUR_MS, NOW - 2.9 * HOUR_MS).flat(), 100)
    await expectSame(tenant, referenceTraces(commits), 'late ones of the same hour, read')
    await rollAll(tenant.org_id)
    await expectSame(tenant, referenceTraces(commits), 'late ones of the same hour, summed')
  })

  it('are packed into days, which follow what changes in them later', async () => {
    const tenant = freshTenant()
    const packed = async () =>
      (
        await db
          .prepare(
            `SELECT count(*) AS n, coalesce(sum(n), 0) AS traces FROM rollup WHERE org_id = ?1 AND kind = 'trace@day'`,
          )
          .bind(tenant.org_id)
          .first<{ n: number; traces: number }>()
      )?.traces
    const commits = await commitRuns(tenant, randomRuns(11, 90, NOW - 100 * HOUR_MS, NOW - HOUR_MS))
    await traceDays(db, 1).pack(NOW)
    expect(await packed(), 'nothing is summed so far').toBe(0)
    await rollAll(tenant.org_id)
    await traceDays(db, 1_000_000).pack(NOW)
    expect(await packed(), 'too few rows to be worth it').toBe(0)
    await traceDays(db, 1).pack(NOW)
    const today = NOW - (NOW % (24 * HOUR_MS))
    const old = () => referenceTraces(commits).filter(({ hour }) => hour < today).length
    expect(await packed()).toBe(old())
    await expectSame(tenant, referenceTraces(commits), 'packed')
    commits.push(...(await commitRuns(tenant, randomRuns(12, 30, NOW - 110 * HOUR_MS, NOW - 30 * HOUR_MS))))
    await expectSame(tenant, referenceTraces(commits), 'packed, and more waits')
    const measures = ['latency_p50_ms', 'latency_p90_ms', 'latency_count']
    const waiting = (await ask(tenant, { measures, step: 'day' })).data
    expect(waiting.length).toBeGreaterThan(4)
    const killed = beforeBatch(db, 2, async () => {
      throw new Error('killed here')
    })
    await expect(rollAll(tenant.org_id, killed)).rejects.toThrow('killed here')
    await expectSame(tenant, referenceTraces(commits), 'packed, and killed')
    await Promise.all([rollAll(tenant.org_id), traceDays(db, 1).pack(NOW), rollAll(tenant.org_id)])
    expect(await packed()).toBe(old())
    await expectSame(tenant, referenceTraces(commits), 'packed, and summed')
    expect((await ask(tenant, { measures, step: 'day' })).data).toEqual(waiting)
    await db.prepare(`DELETE FROM rollup WHERE org_id = ?1 AND kind = 'trace@day'`).bind(tenant.org_id).run()
    expect((await ask(tenant, { measures: ['count'] })).data, 'days are really read').not.toEqual([{ count: 120 }])
  })

  it('let deltas go only when they are summed', async () => {
    const tenant = freshTenant()
    const then = NOW - 4 * 24 * HOUR_MS
    await commitRuns(tenant, randomRuns(10, 10, then, then + HOUR_MS))
    const left = async () =>
      (await db.prepare('SELECT count(*) AS n FROM delta WHERE org_id = ?1').bind(tenant.org_id).first<{ n: number }>())
        ?.n ?? 0
    while (await rollupStore(db).roll(tenant.org_id));
    for (const job of ['archive', 'budget']) await advanceProgress(db, tenant.org_id, job, 0, NOW).run()
    await rollupStore(db).prune(NOW)
    expect(await left()).toBeGreaterThan(0)
    await rollAll(tenant.org_id)
    const range = { from: text(then - HOUR_MS), to: text(NOW) }
    expect((await ask(tenant, { measures: ['count'], ...range })).data).toEqual([{ count: 10 }])
    await rollupStore(db).prune(NOW)
    expect(await left()).toBe(0)
  })
})

/** The shard, with something that happens right before its n-th batch. */
function beforeBatch(inner: D1Database, at: number, happen: () => Promise<void>): D1Database {
  let n = 0
  return new Proxy(inner, {
    get(target, name) {
      const member = (target[name as keyof D1Database] as (...a: unknown[]) => unknown).bind(target)
      if (name !== 'batch') return member
      return async (statements: D1PreparedStatement[]) => {
        if (++n === at) await happen()
        return target.batch(statements)
      }
    },
  })
}

/** The shard, of whose waiting deltas a run takes only so many. */
function endingAt(inner: D1Database, deltas: number): D1Database {
  return new Proxy(inner, {
    get(target, name) {
      if (name !== 'prepare') return (target[name as keyof D1Database] as (...a: unknown[]) => unknown).bind(target)
      return (sql: string) =>
        target.prepare(sql.replace('ORDER BY seq LIMIT ?2', `ORDER BY seq LIMIT min(?2, ${deltas})`))
    },
  })
}
