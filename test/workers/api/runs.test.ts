import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { traceRollup } from '../../../workers/adapters/d1/trace-rollup.ts'
import { Comparison, Sessions } from '../../../workers/contract/compare.ts'
import { OUTCOME_REVISED, type CanonicalEvent } from '../../../workers/contract/event.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { call, makeKey, makeTenant, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'
import { randomOf } from '../../support/metrics-fleet.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_EU_0: D1Database }).DATA_EU_0
const HOUR_MS = 3_600_000
const NOW = Date.now()
const random = randomOf(9)
let tenant: TestTenant
let place: ProjectTenant
let second: ProjectTenant

interface Made {
  version: string
  workflow: string
  session: string
  at: number
  took: number
  cost: number
  good: boolean
}

/** A run that ended; a session's runs begin a minute after one another. */
const made = (version: string, i: number, good: boolean, cost: number, took: number): Made => ({
  version,
  workflow: i % 10 === 0 ? 'other' : 'refund',
  session: `s${version}${Math.floor(i / 3)}`,
  at: NOW - 20 * HOUR_MS + Math.floor(i / 3) * 240_000 + (i % 3) * 60_000,
  took,
  cost,
  good,
})
const eventOf = (run: Made, i: number): CanonicalEvent => ({
  event_type: 'agent.request.completed',
  timestamp: run.at + run.took,
  trace_id: `${run.version}-${i}`,
  span_id: 'root',
  workflow_id: run.workflow,
  workflow_version: run.version,
  session_id: run.session,
  status: run.good ? 'ok' : 'error',
  latency_ms: run.took,
  cost_nanousd: run.cost,
})

const v1 = Array.from({ length: 150 }, (_, i) =>
  made('v1', i, random() < 0.9, 1_000_000 + i, 1000 + Math.floor(random() * 300)),
)
const v2 = Array.from({ length: 150 }, (_, i) =>
  made('v2', i, random() < 0.6, 4_000_000 + i, 1000 + Math.floor(random() * 300)),
)

const get = (path: string, by = tenant.owner) => call(by, 'GET', `/api/v1/orgs/${tenant.org.id}/${path}`)
const compared = async (query: string, by = tenant.owner) => {
  const response = await get(`compare?${query}`, by)
  expect(response.status).toBe(200)
  return Comparison.parse(await response.json())
}
const sessions = async (query = '', by = tenant.owner) => {
  const response = await get(`sessions?${query}`, by)
  expect(response.status).toBe(200)
  return Sessions.parse(await response.json())
}

beforeAll(async () => {
  tenant = await makeTenant('eu')
  const { id: org_id, default_workspace_id: workspace_id, default_project_id: project_id } = tenant.org
  place = { org_id, workspace_id, project_id, cell: 'eu', shard: 0 }
  const response = await call(tenant.owner, 'POST', `/api/v1/orgs/${org_id}/projects`, { name: 'Second' })
  second = { ...place, project_id: (await response.json<{ id: string }>()).id }
  await commitEvents(db, place, [...v1.map(eventOf), ...v2.map(eventOf)], 50)
})

describe('versions of a workflow', () => {
  const mine = (runs: Made[]) => runs.filter(({ workflow }) => workflow === 'refund')
  const mean = (runs: Made[]) => runs.reduce((sum, { cost }) => sum + cost, 0) / runs.length

  it('are told apart as their runs are, before and after their hours are summed', async () => {
    for (const _ of ['read', 'summed']) {
      const { a, b, differences } = await compared('workflow=refund&a=v1&b=v2')
      for (const [side, runs] of [
        [a, mine(v1)],
        [b, mine(v2)],
      ] as const) {
        const good = runs.filter((run) => run.good).length
        const took = runs.map((run) => run.took).sort((x, y) => x - y)
        expect(side).toMatchObject({
          runs: 135,
          unfinished: 0,
          sampled: false,
          successes: good,
          cost_avg_usd: (Math.round(mean(runs)) / 1e9).toFixed(9),
          latency_p50_ms: took[67],
          latency_p90_ms: took[120],
        })
        expect(side.success_rate?.value).toBe(good / 135)
      }
      expect(differences.success_rate.verdict).toBe('worse')
      expect(differences.cost_avg_usd.verdict).toBe('worse')
      expect(differences.latency_p50_ms.verdict).toBe('no_difference_shown')
      while (await traceRollup(db).roll(place.org_id));
    }
  })

  it('follow outcomes that are revised, and the range', async () => {
    const refunds = mine(v1).map((run): CanonicalEvent => ({
      event_type: OUTCOME_REVISED,
      timestamp: run.at + HOUR_MS,
      trace_id: `v1-${v1.indexOf(run)}`,
      span_id: 'outcome',
      outcome: 'failure',
    }))
    await commitEvents(db, place, refunds, 200)
    const { a, differences } = await compared('workflow=refund&a=v1&b=v2')
    expect(a).toMatchObject({ runs: 135, successes: 0 })
    expect(differences.success_rate.verdict).toBe('better')
    const from = NOW - 20 * HOUR_MS + 30 * 60_000
    const half = await compared(`workflow=refund&a=v1&b=v2&from=${new Date(from).toISOString()}`)
    expect(half.a.runs).toBe(mine(v1).filter(({ at }) => at >= from).length)
    expect(half.from).toBe(new Date(from).toISOString())
  })

  it('are of projects that are seen, and of those that are asked for', async () => {
    await commitEvents(
      db,
      second,
      v1.slice(0, 40).map((run, i) => ({ ...eventOf({ ...run, workflow: 'refund' }, i), trace_id: `second-${i}` })),
      50,
    )
    const count = async (query: string, by = tenant.owner) =>
      (await compared(`workflow=refund&a=v1&b=v2${query}`, by)).a.runs
    expect(await count('')).toBe(175)
    expect(await count(`&project=${second.project_id}`)).toBe(40)
    expect(await count('', await join(tenant, 'developer', [second.project_id]))).toBe(40)
    expect(await count('', await makeKey(tenant, ['read']))).toBe(135)
    const other = await makeTenant('eu')
    expect(await count(`&project=${other.org.default_project_id}`)).toBe(0)
    expect((await get('compare?workflow=refund&a=v1&b=v2', other.owner)).status).toBe(404)
  })

  it('that nobody ran, or few, have no verdict', async () => {
    const { a, b, differences } = await compared('workflow=refund&a=&b=v9')
    expect([a.runs, b.runs, a.success_rate, b.cost_avg_usd]).toEqual([0, 0, null, null])
    for (const { verdict, difference } of Object.values(differences))
      expect([verdict, difference]).toEqual(['too_few', null])
  })

  it.each([
    ['workflow=refund&a=v1', 'query/b'],
    ['a=v1&b=v2', 'query/workflow'],
    ['workflow=refund&a=v1&b=v1', 'query/b'],
    ['workflow=refund&a=v1&b=v2&dimension=user_id', 'query/dimension'],
    ['workflow=refund&a=v1&b=v2&from=yesterday', 'query/from'],
    ['workflow=refund&a=v1&b=v2&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'query/to'],
    ['workflow=refund&a=v1&b=v2&from=2024-01-02T00:00:00Z', 'query/from'],
    [`workflow=${'x'.repeat(201)}&a=v1&b=v2`, 'query/workflow'],
  ])('are not compared by %s', async (query, pointer) => {
    const response = await get(`compare?${query}`)
    expect(response.status).toBe(422)
    expect(Problem.parse(await response.json()).errors?.[0]?.pointer).toBe(pointer)
  })
})

describe('sessions', () => {
  it('have lengths and requests, in all and by workflow', async () => {
    const own = await makeTenant('eu')
    const { id: org_id, default_workspace_id: workspace_id, default_project_id: project_id } = own.org
    const runs = [...v1, ...v2]
    const events = runs.map((run, i) => eventOf(run, i))
    const unsaid = events.slice(0, 5).map(({ session_id: _, ...rest }, i) => ({ ...rest, trace_id: `none-${i}` }))
    await commitEvents(db, { org_id, workspace_id, project_id, cell: 'eu', shard: 0 }, [...events, ...unsaid], 60)
    const expected = (of: Made[]) => {
      const groups = new Map<string, Made[]>()
      for (const run of of) groups.set(run.session, [...(groups.get(run.session) ?? []), run])
      const lengths = [...groups.values()]
        .map((all) => Math.max(...all.map(({ at, took }) => at + took)) - Math.min(...all.map(({ at }) => at)))
        .sort((x, y) => x - y)
      const n = lengths.length
      return {
        sessions: n,
        length_avg_ms: expect.closeTo(lengths.reduce((x, y) => x + y, 0) / n, 6) as number,
        length_p50_ms: ((lengths[Math.floor((n - 1) / 2)] ?? 0) + (lengths[Math.floor(n / 2)] ?? 0)) / 2,
        requests_avg: expect.closeTo(of.length / n, 9) as number,
      }
    }
    const by = (workflow: string) => runs.filter((run) => run.workflow === workflow)
    for (const _ of ['read', 'summed']) {
      const answer = Sessions.parse(await (await call(own.owner, 'GET', `/api/v1/orgs/${org_id}/sessions`)).json())
      expect(answer.total).toEqual(expected(runs))
      expect(answer.data).toEqual([
        { workflow_id: 'refund', ...expected(by('refund')) },
        { workflow_id: 'other', ...expected(by('other')) },
      ])
      expect(answer.sampled).toBe(false)
      while (await traceRollup(db).roll(org_id));
    }
    const one = await call(own.owner, 'GET', `/api/v1/orgs/${org_id}/sessions?workflow=other`)
    expect(await one.json()).toMatchObject({ total: expected(by('other')), data: [{ workflow_id: 'other' }] })
  })

  it('are made of the newest traces when there are too many, and say so', async () => {
    const own = await makeTenant('eu')
    const { id: org_id, default_workspace_id: workspace_id, default_project_id: project_id } = own.org
    await commitEvents(db, { org_id, workspace_id, project_id, cell: 'eu', shard: 0 }, v1.map(eventOf), 60)
    while (await traceRollup(db).roll(org_id));
    await db.prepare(`UPDATE rollup SET n = 150000 WHERE org_id = ?1 AND kind = 'trace'`).bind(org_id).run()
    const answer = Sessions.parse(await (await call(own.owner, 'GET', `/api/v1/orgs/${org_id}/sessions`)).json())
    const last = Math.max(...v1.map(({ at }) => at))
    expect(answer).toMatchObject({ sampled: true, from: new Date(last - (last % HOUR_MS)).toISOString() })
    const newest = v1.filter(({ at }) => at >= last - (last % HOUR_MS))
    expect(answer.total.sessions).toBe(new Set(newest.map(({ session }) => session)).size)
  })

  it('of nobody are none, and of no range', async () => {
    const other = await makeTenant('us')
    const none = { sessions: 0, length_avg_ms: null, length_p50_ms: null, requests_avg: null }
    const response = await call(other.owner, 'GET', `/api/v1/orgs/${other.org.id}/sessions`)
    expect(Sessions.parse(await response.json())).toMatchObject({ data: [], total: none, sampled: false })
    expect((await get('sessions', other.owner)).status).toBe(404)
    expect((await get('sessions?from=x')).status).toBe(422)
    expect((await sessions(`project=${other.org.default_project_id}`)).total).toEqual(none)
  })
})
