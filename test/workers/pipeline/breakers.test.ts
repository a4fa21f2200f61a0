import { createMessageBatch, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { catchUpDeps, ingestDeps } from '../../../workers/pipeline/deps.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { catchUp, SETTLE_MS } from '../../../workers/services/ingest/catch-up.ts'
import { envelopeOf, makeBatch } from '../../support/batches.ts'
import { idOf, ownDays, worldOf } from '../../support/guard.ts'
import { real } from '../../support/moving.ts'

const pass = ownDays()
const BREAKER = { min_requests: 2, error_rate: 0.5, window_s: 60, open_s: 30, half_open_max: 1 }
type World = ReturnType<typeof worldOf>

describe('circuit breakers', () => {
  const failed = (w: World, more: object = {}) => w.eventOf(0, { status: 'error', error_type: 'rate_limit', ...more })

  it('open by what events tell, let probes in, and close', async () => {
    const w = worldOf()
    await w.control({ breaker: BREAKER })
    await w.send([w.eventOf(5), failed(w), failed(w)])
    const refused = await w.reserve('0.1')
    expect(refused).toMatchObject({ reason: 'circuit_open', error_type: 'dependency_unavailable', reservations: [] })
    expect(refused.detail).toContain('66.7 % of 3 calls')
    expect(Date.parse(refused.retry_at ?? '')).toBe(Date.now() + 30_000)
    expect((await w.reserve('0.1', { model: 'other' })).decision).toBe('allow')
    pass(30_000)
    await evictDurableObject(w.stub)
    const probe = await w.reserve('0.1')
    expect(probe.reservations[0]?.controls?.breaker).toMatchObject({ state: 'half_open' })
    expect(await w.reserve('0.1')).toMatchObject({ reason: 'circuit_open', retry_at: null })
    await w.settle(idOf(probe), '0.1', { status: 'ok' })
    expect(await w.rpc().breakers()).toMatchObject([
      { state: 'closed', provider: 'openai', model: 'gpt-4o', requests: 0 },
    ])
    expect((await w.reserve('0.1')).decision).toBe('allow')
  })

  it('open by what settle calls tell, and count no call twice that both tell of', async () => {
    const w = worldOf()
    await w.control({ breaker: { ...BREAKER, min_requests: 4 } })
    const [a, b] = [idOf(await w.reserve('0.1')), idOf(await w.reserve('0.1'))]
    await w.settle(a, '0', { status: 'error', error_type: '503' })
    await w.send([failed(w, { reservation_id: a }), failed(w, { reservation_id: b })])
    await w.settle(b, '0', { status: 'error', error_type: 'timeout' })
    expect(await w.rpc().breakers()).toMatchObject([{ state: 'closed', requests: 2, errors: 2 }])
    const c = idOf(await w.reserve('0.1'))
    await w.settle(c, '0', { status: 'cancelled' })
    // The model is to blame, not the provider.
    await w.settle(idOf(await w.reserve('0.1')), '0', { status: 'error', error_type: 'unsafe_output' })
    expect(await w.rpc().breakers()).toMatchObject([{ state: 'closed', requests: 3, errors: 2 }])
    await w.settle(idOf(await w.reserve('0.1')), '0', { status: 'error', error_type: 'timeout' })
    expect(await w.rpc().breakers()).toMatchObject([
      { state: 'open', opened_by_error_rate: 0.75, opened_by_requests: 4 },
    ])
  })

  it('learn of a commit once, whatever is redelivered', async () => {
    const w = worldOf()
    await w.control({ breaker: { ...BREAKER, min_requests: 100 } })
    const outcome = {
      at_ms: Date.now(),
      workspace_id: w.tenant.workspace_id,
      project_id: w.tenant.project_id,
      agent_id: 'bot',
      workflow_id: '',
      provider: 'openai',
      model: 'gpt-4o',
      reservation_id: '',
      requests: 10,
      errors: 1,
    }
    for (let i = 0; i < 3; i++) await w.stub.apply('c_1', [], { tenant: w.tenant, calls: [outcome] })
    await evictDurableObject(w.stub)
    await w.stub.apply('c_1', [], { tenant: w.tenant, calls: [outcome] })
    expect(await w.rpc().breakers()).toMatchObject([{ requests: 10, errors: 1 }])
  })

  it('are of one control each: what fails for one agent does not stop another', async () => {
    const w = worldOf()
    for (const id of ['bot', 'cat']) await w.control({ name: id, scope: { type: 'agent', id }, breaker: BREAKER })
    await w.send([failed(w), failed(w), w.eventOf(1, { agent_id: 'cat' })])
    expect(await w.reserve('0')).toMatchObject({ reason: 'circuit_open' })
    expect(await w.reserve('0', { agent_id: 'cat' })).toMatchObject({ decision: 'allow' })
  })

  it('give the place of a probe that nobody answered to another', async () => {
    const w = worldOf()
    await w.control({ breaker: BREAKER })
    await w.send([failed(w), failed(w)])
    pass(30_000)
    await w.reserve('0.1', { ttl_s: 60 })
    expect(await w.reserve('0.1')).toMatchObject({ reason: 'circuit_open' })
    pass(60_001)
    await runDurableObjectAlarm(w.stub)
    const next = idOf(await w.reserve('0.1'))
    await w.settle(next, '0', { status: 'error', error_type: 'timeout' })
    expect(await w.rpc().breakers()).toMatchObject([{ state: 'open', opened_by_error_rate: 1, opened_by_requests: 1 }])
  })

  it('are closed by hand', async () => {
    const w = worldOf()
    await w.control({ breaker: BREAKER })
    await w.send([failed(w), failed(w)])
    const [breaker] = await w.rpc().breakers()
    expect(await w.rpc().resetBreaker(w.tenant, breaker?.id ?? '')).toMatchObject({ state: 'closed' })
    expect(await w.rpc().resetBreaker(w.tenant, 'brk_0')).toBeNull()
    expect((await w.reserve('0.1')).decision).toBe('allow')
  })

  it('learn of a commit whose consumer died before it could tell, once', async () => {
    const w = worldOf()
    await w.control({ breaker: { ...BREAKER, min_requests: 100 } })
    const seen = async (requests: number, errors: number) =>
      expect(await w.rpc().breakers()).toMatchObject(requests === 0 ? [] : [{ requests, errors }])
    const envelope = envelopeOf(makeBatch(w.tenant, [w.eventOf(5), failed(w, { reservation_id: 'rsv_of_nobody' })]))
    const deliver = async (checkpoint?: (step: string) => void) => {
      const message = { id: '0', timestamp: new Date(), attempts: 2, body: envelope }
      await handleIngest(
        createMessageBatch('agentops-ingest-global', [message]),
        ingestDeps(real, 'global', checkpoint),
      )
    }
    await deliver((step) => {
      if (step === 'after_commit') throw new Error('killed')
    })
    await seen(0, 0)
    await catchUp(catchUpDeps(real, 'global', w.tenant.shard), Date.now() + SETTLE_MS + 1)
    await seen(2, 1)
    await deliver()
    await seen(2, 1)
  })

  it('learn of events beside some that are in the ledger already', async () => {
    const w = worldOf()
    await w.control({ breaker: { ...BREAKER, min_requests: 100 } })
    const known = w.eventOf(5)
    await w.send([known])
    await w.send([known, failed(w)])
    // Another batch is another report: only the ledger tells one event from another.
    expect(await w.rpc().breakers()).toMatchObject([{ requests: 3, errors: 1 }])
  })

  it('are forgotten with the rule, and a day after they were used', async () => {
    const w = worldOf()
    const { id } = await w.control({ breaker: BREAKER })
    await w.send([failed(w), failed(w)])
    pass(26 * 3_600_000)
    await runDurableObjectAlarm(w.stub)
    expect(await w.rpc().breakers()).toMatchObject([{ state: 'closed', opened_by_error_rate: 1 }])
    pass(26 * 3_600_000)
    await w.reserve('0')
    await runDurableObjectAlarm(w.stub)
    expect(await w.rpc().breakers()).toEqual([])
    await w.send([failed(w), failed(w)])
    expect(await w.rpc().breakers()).toMatchObject([{ state: 'open' }])
    await w.rpc().updateControl(id, { breaker: null, retries_max: 1 })
    expect((await w.reserve('0')).decision).toBe('allow')
    await w.rpc().updateControl(id, { breaker: BREAKER })
    expect(await w.rpc().breakers()).toEqual([])
  })
})
