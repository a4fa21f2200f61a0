import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { traceRollup } from '../../../workers/adapters/d1/trace-rollup.ts'
import { Comparison } from '../../../workers/contract/compare.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { call, makeTenant, type TestTenant } from '../../support/api.ts'
import { randomOf } from '../../support/metrics-fleet.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_EU_0: D1Database }).DATA_EU_0
const HOUR_MS = 3_600_000
const NOW = Date.now()

describe('prompts and models of a workflow', () => {
  const RUNS = 240
  const chance = randomOf(23)
  /** Of each four runs one uses the first of both, one the second, one both of them, and one names none. */
  const made = Array.from({ length: RUNS }, (_, i) => {
    const uses = [['1'], ['2'], ['1', '2'], []][i % 4] ?? []
    const good = chance() < (i % 4 === 1 ? 0.95 : 0.5)
    return { i, uses, good, took: 1000 + Math.floor(chance() * 300), score: Math.round(chance() * 100) / 100 }
  })
  const eventsOf = ({ i, uses, good, took, score }: (typeof made)[number]): CanonicalEvent[] => {
    const at = NOW - 30 * HOUR_MS + i * 60_000
    const run = { trace_id: `used-${i}`, workflow_id: 'refund', workflow_version: 'v1' }
    const calls = (uses.length === 0 ? [undefined] : uses).map((one, n): CanonicalEvent => ({
      ...run,
      event_type: 'agent.step.completed',
      timestamp: at + 10 + n,
      span_id: `call-${n}`,
      parent_span_id: 'root',
      status: 'ok',
      ...(one !== undefined && { provider: 'p', model: `model-${one}`, prompt_version: `prompt-${one}` }),
      cost_nanousd: 1000 + i,
      scores: { helpful: score + (one === '2' ? 1 : 0) },
    }))
    const end: CanonicalEvent = {
      ...run,
      event_type: 'agent.request.completed',
      timestamp: at + took,
      latency_ms: took,
      span_id: 'root',
      status: good ? 'ok' : 'error',
    }
    return [...calls, end]
  }
  const only = (which: string) => made.filter(({ uses }) => uses.length === 1 && uses[0] === which)
  const scored = (which: string) => made.filter(({ uses }) => uses.includes(which))
  let own: TestTenant

  beforeAll(async () => {
    own = await makeTenant('eu')
    const { id: org_id, default_workspace_id: workspace_id, default_project_id: project_id } = own.org
    const whole: ProjectTenant = { org_id, workspace_id, project_id, cell: 'eu', shard: 0 }
    await commitEvents(db, whole, made.flatMap(eventsOf), 100)
  })
  const ask = async (query: string) =>
    Comparison.parse(
      await (await call(own.owner, 'GET', `/api/v1/orgs/${own.org.id}/compare?workflow=refund&${query}`)).json(),
    )

  it.each([
    ['model', 'model-1', 'model-2'],
    ['prompt_version', 'prompt-1', 'prompt-2'],
  ])('%s: runs that used one of two and not the other', async (dimension, a, b) => {
    for (const _ of ['read', 'summed']) {
      const found = await ask(`dimension=${dimension}&a=${a}&b=${b}`)
      expect(found.mixed).toBe(RUNS / 4)
      for (const [side, value, runs] of [
        [found.a, a, only('1')],
        [found.b, b, only('2')],
      ] as const) {
        const took = runs.map((run) => run.took).sort((x, y) => x - y)
        const cost = runs.reduce((sum, { i }) => sum + 1000 + i, 0) / runs.length
        expect(side).toMatchObject({
          value,
          runs: RUNS / 4,
          unfinished: 0,
          sampled: false,
          successes: runs.filter(({ good }) => good).length,
          cost_avg_usd: (Math.round(cost) / 1e9).toFixed(9),
          latency_p50_ms: took[29],
        })
      }
      expect(found.differences.success_rate.verdict).toBe('better')
      const mean = (which: string) => {
        const values = scored(which).map(({ score }) => score + Number(which) - 1)
        return values.reduce((sum, value) => sum + value, 0) / values.length
      }
      expect(found.scores).toMatchObject([
        {
          score: 'helpful',
          a: { values: RUNS / 2, mean: expect.closeTo(mean('1'), 6) as number },
          b: { values: RUNS / 2, mean: expect.closeTo(mean('2'), 6) as number },
          difference: expect.closeTo(mean('2') - mean('1'), 6) as number,
          verdict: 'better',
        },
      ])
      while (await traceRollup(db).roll(own.org.id));
    }
  })

  it('of runs that name none, and of a range', async () => {
    const none = await ask('dimension=prompt_version&a=&b=prompt-2')
    expect([none.a.runs, none.b.runs, none.mixed]).toEqual([RUNS / 4, RUNS / 2, 0])
    const from = NOW - 30 * HOUR_MS + 120 * 60_000
    const half = await ask(`dimension=model&a=model-1&b=model-2&from=${new Date(from).toISOString()}`)
    expect(half.a.runs).toBe(RUNS / 8)
    expect(half.mixed).toBe(RUNS / 8)
    const unknown = await ask('dimension=model&a=model-1&b=model-9')
    expect([unknown.a.runs, unknown.b.runs, unknown.scores]).toEqual([RUNS / 2, 0, []])
  })
})
