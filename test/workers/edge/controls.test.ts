import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { ControlCreate, type ControlsRpc } from '../../../workers/contract/control.ts'
import { ReserveAnswer, ReserveBatchAnswer } from '../../../workers/contract/guard.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import type { KeyRecord } from '../../../workers/contract/tenant.ts'
import { bindings, freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const RESERVE = '/v1/guard/reserve'
const SETTLE = '/v1/guard/settle'

async function controlled({ org_id, cell, shard }: KeyRecord, more: object) {
  const input = ControlCreate.parse({ name: 'Rail', scope: { type: 'org' }, ...more })
  const object = cellFor(bindings, cell).object(bindings.TENANT_BUDGET, org_id) as unknown as ControlsRpc
  return object.createControl({ org_id, cell, shard }, `ctl_${crypto.randomUUID()}`, input)
}

const client =
  (key: string, edge = watchedEdge()) =>
  (path: string, body: unknown) =>
    edge.fetch(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

describe('run-time controls at the edge', () => {
  it.each<[string, object, object, object]>([
    ['one retry too many', { retries_max: 1 }, { attempt: 2 }, { reason: 'retry_cap', error_type: 'policy_blocked' }],
    [
      'a tool that is not allowed',
      { tools_allowed: ['search'] },
      { tool_name: 'shell' },
      { reason: 'tool_not_allowed', error_type: 'policy_blocked' },
    ],
    [
      'too long a context',
      { context_tokens_max: 100 },
      { tokens_context: 101 },
      { reason: 'context_limit', error_type: 'missing_context' },
    ],
    [
      'a step too deep',
      { loop: { depth_max: 2 } },
      { depth: 3 },
      { reason: 'loop_detected', error_type: 'loop_detected' },
    ],
    [
      'a step too far',
      { loop: { steps_max: 2 } },
      { step: 3 },
      { reason: 'loop_detected', error_type: 'loop_detected' },
    ],
  ])('refuse %s', async (_, settings, work, expected) => {
    const { key, record } = await freshKey({ cell: 'eu' }, ['guard'])
    const { id } = await controlled(record, settings)
    const ask = client(key)
    const answer = ReserveAnswer.parse(await (await ask(RESERVE, { estimate_usd: '0.1', ...work })).json())
    expect(answer).toMatchObject({
      decision: 'deny',
      reservation_id: null,
      control_id: id,
      controls: null,
      retry_at: null,
      ...expected,
    })
    expect(answer.detail).toMatch(/“Rail”/)
    expect(ReserveAnswer.parse(await (await ask(RESERVE, { estimate_usd: '0.1' })).json()).controls).not.toBeNull()
  })

  it('refuse the same call again and again, and say of a batch which of it', async () => {
    const { key, record } = await freshKey({}, ['guard'])
    await controlled(record, { loop: { repeats_max: 1 } })
    const ask = client(key)
    const call = { estimate_usd: '0', trace_id: 't', tool_name: 'search', tool_args_hash: '9f86d0' }
    const first = ReserveAnswer.parse(await (await ask(RESERVE, call)).json())
    expect(first.controls?.loop).toMatchObject({ repeats_max: 1, repeats_left: 0 })
    const again = await (await ask(RESERVE, { reservations: [{ estimate_usd: '0' }, call] })).json()
    expect(ReserveBatchAnswer.parse(again)).toMatchObject({
      reason: 'loop_detected',
      refused_work: 1,
      reservations: [],
    })
  })

  it('open a circuit by what is settled, and say when to try again', async () => {
    const { key, record } = await freshKey({}, ['guard'])
    const breaker = { min_requests: 2, error_rate: 1, window_s: 60, open_s: 30, half_open_max: 1 }
    await controlled(record, { breaker })
    const ask = client(key)
    const work = { estimate_usd: '0.1', provider: 'openai', model: 'gpt-4o' }
    for (let i = 0; i < 2; i++) {
      const { reservation_id } = ReserveAnswer.parse(await (await ask(RESERVE, work)).json())
      const settled = await ask(SETTLE, { reservation_id, cost_usd: '0', status: 'error', error_type: 'HTTP 503' })
      expect(settled.status).toBe(200)
    }
    const refused = ReserveAnswer.parse(await (await ask(RESERVE, work)).json())
    expect(refused).toMatchObject({ reason: 'circuit_open', error_type: 'dependency_unavailable' })
    expect(Date.parse(refused.retry_at ?? '') - Date.now()).toBeGreaterThan(20_000)
    expect(refused.detail).toContain('100 % of 2 calls')
  })

  it.each<[string, string, object, string]>([
    ['a retry before the first try', RESERVE, { estimate_usd: '1', attempt: -1 }, '/attempt'],
    ['half a retry', RESERVE, { estimate_usd: '1', attempt: 0.5 }, '/attempt'],
    ['a tool without a name', RESERVE, { estimate_usd: '1', tool_name: '' }, '/tool_name'],
    ['arguments instead of their hash', RESERVE, { estimate_usd: '1', tool_args_hash: { q: 1 } }, '/tool_args_hash'],
    ['a context in words', RESERVE, { estimate_usd: '1', tokens_context: 'long' }, '/tokens_context'],
    ['a depth below the ground', RESERVE, { estimate_usd: '1', depth: -1 }, '/depth'],
    ['a step with a name', RESERVE, { estimate_usd: '1', step: 'first' }, '/step'],
    ['an end that is none', SETTLE, { reservation_id: 'rsv_0', cost_usd: '1', status: 'failed' }, '/status'],
    ['an error without a name', SETTLE, { reservation_id: 'rsv_0', cost_usd: '1', error_type: '' }, '/error_type'],
  ])('answer %s precisely', async (_, path, body, pointer) => {
    const { key } = await freshKey({}, ['guard'])
    const response = await client(key)(path, body)
    expect(response.status).toBe(422)
    expect(Problem.parse(await response.json()).errors?.map((one) => one.pointer)).toContain(pointer)
  })

  it('are not known where they cannot be asked, and the answer says so', async () => {
    const { key, record } = await freshKey({}, ['guard'])
    await controlled(record, { retries_max: 0 })
    const broken = { getByName: () => ({ reserve: () => Promise.reject(new Error('it is not there')) }) }
    const edge = watchedEdge({ TENANT_BUDGET: broken as unknown as typeof bindings.TENANT_BUDGET })
    const answer = ReserveAnswer.parse(
      await (await client(key, edge)(RESERVE, { estimate_usd: '0', attempt: 9 })).json(),
    )
    expect(answer).toMatchObject({ decision: 'allow', reason: 'unreachable_open', controls: null, error_type: null })
  })
})
