import { describe, expect, it } from 'vitest'
import { BudgetCreate, type BudgetsRpc } from '../../../workers/contract/budget.ts'
import { ReserveAnswer, ReserveBatchAnswer, SettleAnswer } from '../../../workers/contract/guard.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { guardFallback } from '../../../workers/adapters/guard-kv.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { scopeHash } from '../../../workers/domain/budget/fallback.ts'
import type { KeyRecord } from '../../../workers/contract/tenant.ts'
import { bindings, freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const RESERVE = '/v1/guard/reserve'
const SETTLE = '/v1/guard/settle'

async function limited({ org_id, cell, shard }: KeyRecord, more: object = {}) {
  const input = BudgetCreate.parse({
    name: 'All',
    scope: { type: 'org' },
    period: 'month',
    limit_usd: '1.00',
    hard: true,
    ...more,
  })
  const object = cellFor(bindings, cell).object(bindings.TENANT_BUDGET, org_id) as unknown as BudgetsRpc
  return object.create({ org_id, cell, shard }, `bdg_${crypto.randomUUID()}`, 'UTC', input)
}

function client(key: string, edge = watchedEdge()) {
  return async (path: string, body: unknown) =>
    edge.fetch(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
}
/** An object that never answers, and one that is not there. */
const objectThat = (reserve: () => Promise<unknown>) =>
  ({
    getByName: () => ({ reserve, settle: () => Promise.reject(new Error('it is not there')) }),
  }) as unknown as typeof bindings.TENANT_BUDGET
const silent = objectThat(() => new Promise(() => {}))
const broken = objectThat(() => Promise.reject(new Error('it is not there')))

describe('the guard at the edge', () => {
  it('reserves, refuses and settles with a key of scope guard', async () => {
    const { key, record } = await freshKey({ cell: 'eu' }, ['guard'])
    await limited(record)
    const ask = client(key)
    const first = ReserveAnswer.parse(
      await (await ask(RESERVE, { estimate_usd: '0.75', agent_id: 'bot', ttl_s: 60 })).json(),
    )
    expect(first).toMatchObject({ decision: 'allow', reason: null, budgets: [{ left_usd: '0.250000000' }] })
    const second = ReserveAnswer.parse(await (await ask(RESERVE, { estimate_usd: 0.5 })).json())
    expect(second).toMatchObject({
      decision: 'deny',
      reservation_id: null,
      reason: 'budget_exceeded',
      holders: [{ reservation_id: first.reservation_id, agent_id: 'bot' }],
    })
    const settled = await ask(SETTLE, { reservation_id: first.reservation_id, cost_usd: '0.10' })
    expect(SettleAnswer.parse(await settled.json())).toMatchObject({
      state: 'settled',
      repeated: false,
      spent_usd: '0.100000000',
    })
    const again = await ask(SETTLE, { reservation_id: first.reservation_id, cost_usd: '0.10' })
    expect(await again.json()).toMatchObject({ repeated: true, budgets: [{ spent_usd: '0.100000000' }] })
    const steps = { reservations: [{ estimate_usd: '0.4' }, { estimate_usd: '0.5' }] }
    expect(ReserveBatchAnswer.parse(await (await ask(RESERVE, steps)).json()).reservations).toHaveLength(2)
  })

  it('lets everything in where there is no budget', async () => {
    const { key } = await freshKey({}, ['guard'])
    expect(await (await client(key)(RESERVE, { estimate_usd: '5' })).json()).toMatchObject({
      decision: 'allow',
      budgets: [],
    })
  })

  it.each<[string, string, unknown, number, string | null]>([
    ['no estimate', RESERVE, {}, 422, '/estimate_usd'],
    ['a negative estimate', RESERVE, { estimate_usd: '-1' }, 422, '/estimate_usd'],
    ['an estimate in words', RESERVE, { estimate_usd: 'much' }, 422, '/estimate_usd'],
    ['a life of no time', RESERVE, { estimate_usd: '1', ttl_s: 0 }, 422, '/ttl_s'],
    ['an empty batch', RESERVE, { reservations: [] }, 422, '/reservations'],
    [
      'one key twice',
      RESERVE,
      { reservations: [1, 2].map(() => ({ estimate_usd: '1', idempotency_key: 'k' })) },
      422,
      '/reservations',
    ],
    ['no reservation', SETTLE, { cost_usd: '1' }, 422, '/reservation_id'],
    ['a reservation of nobody', SETTLE, { reservation_id: 'rsv_0', cost_usd: '1' }, 404, null],
    ['no JSON', RESERVE, '{', 400, null],
    ['a list', RESERVE, [], 422, '/'],
  ])('answers %s precisely', async (_, path, body, status, pointer) => {
    const { key } = await freshKey({}, ['guard'])
    const response = await client(key)(path, body)
    expect(response.status).toBe(status)
    const problem = Problem.parse(await response.json())
    if (pointer !== null) expect(problem.errors?.map((one) => one.pointer)).toContain(pointer)
  })

  it('wants the scope guard, and a key of a project', async () => {
    const { key } = await freshKey({}, ['ingest', 'read'])
    expect((await client(key)(RESERVE, { estimate_usd: '1' })).status).toBe(403)
    const ofOrg = await freshKey({ project_id: '', workspace_id: '' }, ['guard'])
    expect((await client(ofOrg.key)(RESERVE, { estimate_usd: '1' })).status).toBe(403)
  })

  it('does not find the reservation of another project', async () => {
    const [a, b] = [await freshKey({}, ['guard']), await freshKey({}, ['guard'])]
    const made = await (await client(a.key)(RESERVE, { estimate_usd: '1' })).json<ReserveAnswer>()
    expect((await client(b.key)(SETTLE, { reservation_id: made.reservation_id, cost_usd: '1' })).status).toBe(404)
  })

  it('answers what the budget says where it cannot be asked, and that it could not', async () => {
    const { key, record } = await freshKey({}, ['guard'])
    const ask = client(key, watchedEdge({ TENANT_BUDGET: silent }))
    expect(await (await ask(RESERVE, { estimate_usd: '1' })).json()).toMatchObject({
      decision: 'allow',
      reason: 'unreachable_open',
      reservation_id: null,
    })
    const id_hash = scopeHash(record.org_id, 'agent', 'bot', sha256Hex)
    await guardFallback(bindings.KEYS).put(record.org_id, {
      budgets: [{ scope: 'agent', id_hash, on_unreachable: 'closed' }],
    })
    const later = client(key, watchedEdge({ TENANT_BUDGET: broken }))
    expect(await (await later(RESERVE, { estimate_usd: '1', agent_id: 'bot' })).json()).toMatchObject({
      decision: 'deny',
      reason: 'unreachable_closed',
    })
    expect(await (await later(RESERVE, { estimate_usd: '1', agent_id: 'other' })).json()).toMatchObject({
      decision: 'allow',
    })
    const settle = await later(SETTLE, { reservation_id: 'rsv_0', cost_usd: '1' })
    expect([settle.status, settle.headers.get('retry-after')]).toEqual([503, '2'])
  }, 20_000)
})
