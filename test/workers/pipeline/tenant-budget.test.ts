import { env } from 'cloudflare:workers'
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BudgetCreate, type SpendDelta } from '../../../workers/contract/budget.ts'
import { scopesOf } from '../../../workers/domain/spend-scope.ts'
import type { Env } from '../../../workers/pipeline/deps.ts'

const bindings = env as unknown as Env
const fresh = () => bindings.TENANT_BUDGET.getByName(`org_${crypto.randomUUID()}`)
const QUARTER = 900_000
// Recent: names in old counters are not kept.
const START = Math.floor(Date.now() / QUARTER) * QUARTER
const ALL = { from_ms: START, to_ms: START + 10 * QUARTER }

const spend = (more: Partial<SpendDelta> = {}): SpendDelta => ({
  quarter_ms: START,
  workspace_id: 'ws',
  project_id: 'prj',
  agent_id: 'a',
  workflow_id: 'w',
  provider: 'openai',
  model: 'gpt-4o',
  user_id: '',
  cost_nanousd: 5,
  tokens: 10,
  entries: 1,
  ...more,
})

describe('TenantBudget', () => {
  it('adds a commit once, for every scope that it names', async () => {
    const budget = fresh()
    expect(await budget.apply('c1', [spend(), spend({ agent_id: 'b', cost_nanousd: 7 })])).toEqual({ applied: true })
    expect(await budget.apply('c1', [spend({ cost_nanousd: 999 })])).toEqual({ applied: false })
    const counters = await budget.snapshot(ALL)
    const of = (scope: string, id: string) => counters.find((c) => c.scope === scope && c.id === id)?.cost_nanousd
    expect([of('org', ''), of('agent', 'a'), of('agent', 'b'), of('model', 'gpt-4o'), of('user', '')]).toEqual([
      '12',
      '5',
      '7',
      '12',
      undefined,
    ])
  })

  it('counts by quarter hour, so that any zone can cut its days', async () => {
    const budget = fresh()
    await budget.apply('c1', [
      spend({ quarter_ms: START + QUARTER, cost_nanousd: 1 }),
      spend({ quarter_ms: START + 2 * QUARTER, cost_nanousd: 2 }),
    ])
    const [org] = (await budget.snapshot({ from_ms: START + 2 * QUARTER, to_ms: START + 3 * QUARTER })).filter(
      (c) => c.scope === 'org',
    )
    expect(org?.cost_nanousd).toBe('2')
  })

  it('sums what a budget’s scope has spent, by quarter hours and by hours', async () => {
    const budget = fresh()
    const hour = START - (START % (4 * QUARTER))
    const tenant = { org_id: 'org', cell: 'global', shard: 0 } as const
    await budget.create(
      tenant,
      'b1',
      'UTC',
      BudgetCreate.parse({
        name: 'a',
        scope: { type: 'agent', id: 'a' },
        period: 'month',
        limit_usd: '1',
      }),
    )
    await budget.apply('c1', [
      spend({ quarter_ms: hour - QUARTER, cost_nanousd: 100 }),
      spend({ quarter_ms: hour, cost_nanousd: 1 }),
      spend({ quarter_ms: hour + QUARTER, cost_nanousd: 2 }),
      spend({ quarter_ms: hour + 3 * QUARTER, cost_nanousd: 4 }),
      spend({ quarter_ms: hour, cost_nanousd: 8, agent_id: 'b' }),
      spend({ quarter_ms: hour + 4 * QUARTER, cost_nanousd: 16 }),
    ])
    const range = { from_ms: hour, to_ms: hour + 4 * QUARTER }
    expect(await budget.spending('b1', { ...range, unit: 'quarter' })).toEqual([
      { at_ms: hour, cost_nanousd: '1' },
      { at_ms: hour + QUARTER, cost_nanousd: '2' },
      { at_ms: hour + 3 * QUARTER, cost_nanousd: '4' },
    ])
    expect(await budget.spending('b1', { ...range, unit: 'hour' })).toEqual([{ at_ms: hour, cost_nanousd: '7' }])
    expect(await budget.spending('b2', { ...range, unit: 'hour' })).toBeNull()
  })

  it('says which commits it lacks', async () => {
    const budget = fresh()
    await budget.apply('c1', [])
    expect(await budget.missing(['c0', 'c1', 'c2'])).toEqual(['c0', 'c2'])
  })

  it('keeps sums exact beyond 2^53', async () => {
    const budget = fresh()
    for (let i = 0; i < 3; i++) await budget.apply(`c${i}`, [spend({ cost_nanousd: Number.MAX_SAFE_INTEGER })])
    const [org] = (await budget.snapshot(ALL)).filter((c) => c.scope === 'org')
    expect(org?.cost_nanousd).toBe((BigInt(Number.MAX_SAFE_INTEGER) * 3n).toString())
  })

  it('refuses amounts that are no whole numbers, and changes nothing', async () => {
    const budget = fresh()
    await runInDurableObject(budget, async (instance) => {
      for (const part of [{ cost_nanousd: 0.5 }, { cost_nanousd: Number.NaN }, { tokens: -1 }, { entries: -1 }])
        await expect(instance.apply('c1', [spend(part)])).rejects.toThrow('whole')
    })
    expect(await budget.missing(['c1'])).toEqual(['c1'])
  })

  it('records what the comparison with the ledger found', async () => {
    const budget = fresh()
    await budget.apply('c1', [spend()])
    expect(await budget.reconcile({ cost_nanousd: '5', entries: 1 })).toEqual({
      difference_nanousd: '0',
      entries_difference: 0,
    })
    expect(await budget.reconcile({ cost_nanousd: '9', entries: 2 })).toEqual({
      difference_nanousd: '-4',
      entries_difference: -1,
    })
  })

  it('writes two rows for an apply, its own and its place among the unfolded', async () => {
    const budget = fresh()
    await budget.apply('c1', [spend()])
    await runInDurableObject(budget, (_, state) => {
      const rows = state.storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM commits').one().n
      expect([rows, state.storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM counter').one().n]).toEqual([1, 0])
    })
  })

  it('equals a model under duplicates, evictions, alarms and any order', async () => {
    const delta = fc.record({
      agent_id: fc.constantFrom('', 'a', 'b'),
      model: fc.constantFrom('m', 'n'),
      quarter_ms: fc.constantFrom(START, START + QUARTER),
      cost_nanousd: fc.nat(1e9),
      tokens: fc.nat(1e6),
      entries: fc.nat(5),
    })
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ commit: fc.nat(30), deltas: fc.array(delta, { maxLength: 4 }) }) },
      { weight: 1, arbitrary: fc.constant('evict' as const) },
      { weight: 1, arbitrary: fc.constant('alarm' as const) },
      { weight: 1, arbitrary: fc.constant('read' as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const budget = fresh()
        await budget.missing([])
        const first = new Map<number, SpendDelta[]>()
        for (const s of steps) {
          if (s === 'evict') {
            await evictDurableObject(budget)
            await budget.missing([])
          } else if (s === 'alarm') await runDurableObjectAlarm(budget)
          else if (s === 'read') await budget.snapshot(ALL)
          else {
            const deltas = s.deltas.map((d) => spend(d))
            if (!first.has(s.commit)) first.set(s.commit, deltas)
            await budget.apply(`c${s.commit}`, deltas)
          }
        }
        const model = new Map<string, bigint>()
        for (const d of [...first.values()].flat())
          for (const [scope, id] of scopesOf(d))
            model.set(`${scope} ${id}`, (model.get(`${scope} ${id}`) ?? 0n) + BigInt(d.cost_nanousd))
        const counted = new Map((await budget.snapshot(ALL)).map((c) => [`${c.scope} ${c.id}`, BigInt(c.cost_nanousd)]))
        expect(counted).toEqual(model)
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})
