import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { ownDays, worldOf } from '../../support/guard.ts'

const pass = ownDays()

describe('run-time controls', () => {
  it('refuse by each kind, say why with numbers, and take nothing of a budget', async () => {
    const w = worldOf()
    await w.budget()
    const { id } = await w.control({
      retries_max: 2,
      tools_allowed: ['search'],
      context_tokens_max: 1000,
      loop: { depth_max: 1 },
    })
    for (const [more, reason, error_type] of [
      [{ attempt: 3 }, 'retry_cap', 'policy_blocked'],
      [{ tool_name: 'shell' }, 'tool_not_allowed', 'policy_blocked'],
      [{ tokens_context: 1001 }, 'context_limit', 'missing_context'],
      [{ depth: 2 }, 'loop_detected', 'loop_detected'],
    ] as const)
      expect(await w.reserve('0.1', more)).toMatchObject({
        decision: 'deny',
        reason,
        error_type,
        control_id: id,
        refused_work: 0,
        reservations: [],
        detail: expect.stringContaining('“Rail”') as string,
      })
    expect(await w.only()).toMatchObject({ reserved_usd: '0.000000000' })
    expect(await w.reserve('0.1', { attempt: 2, tool_name: 'search', tokens_context: 1000, depth: 1 })).toMatchObject({
      decision: 'allow',
      error_type: null,
      reservations: [
        {
          controls: {
            retries_max: 2,
            tools_allowed: ['search'],
            context_tokens_max: 1000,
            loop: { depth_max: 1, repeats_max: null, steps_max: null },
            breaker: null,
          },
        },
      ],
    })
  })

  it('hold for their scope alone; of several the strictest holds, and tools must be in every list', async () => {
    const w = worldOf()
    await w.control({ retries_max: 5, tools_allowed: ['a', 'b'] })
    const bot = await w.control({
      name: 'Bot',
      scope: { type: 'agent', id: 'bot' },
      retries_max: 1,
      tools_allowed: ['b', 'c'],
    })
    expect(await w.reserve('0', { attempt: 2 })).toMatchObject({ reason: 'retry_cap', control_id: bot.id })
    expect(await w.reserve('0', { attempt: 2, agent_id: 'other' })).toMatchObject({ decision: 'allow' })
    expect(await w.reserve('0', { tool_name: 'a' })).toMatchObject({ reason: 'tool_not_allowed', control_id: bot.id })
    const { reservations } = await w.reserve('0', { tool_name: 'b' })
    expect(reservations[0]?.controls).toMatchObject({ retries_max: 1, tools_allowed: ['b'] })
    await w.rpc().updateControl(bot.id, { retries_max: null, tools_allowed: null, context_tokens_max: 9 })
    expect(await w.reserve('0', { attempt: 2, tool_name: 'a' })).toMatchObject({ decision: 'allow' })
    await w.rpc().removeControl(bot.id)
    expect((await w.rpc().controls()).map(({ name }) => name)).toEqual(['Rail'])
  })

  it('detect a loop in one trace, over evictions, and count no request twice', async () => {
    const w = worldOf()
    await w.control({ loop: { repeats_max: 2, steps_max: 4 } })
    const call = (trace_id: string, more: object = {}) =>
      w.reserve('0', { trace_id, tool_name: 'search', tool_args_hash: 'abc', ...more })
    expect((await call('t', { idempotency_key: 'k' })).reservations[0]?.controls?.loop).toMatchObject({
      repeats_left: 1,
      steps_left: 3,
    })
    await call('t', { idempotency_key: 'k' })
    await evictDurableObject(w.stub)
    expect((await call('t')).reservations[0]?.controls?.loop).toMatchObject({ repeats_left: 0, steps_left: 2 })
    expect(await call('t')).toMatchObject({ decision: 'deny', reason: 'loop_detected', error_type: 'loop_detected' })
    // What was refused is not counted; other arguments, and other traces, are not the same.
    expect(await call('t', { tool_args_hash: 'x' })).toMatchObject({ decision: 'allow' })
    expect(await call('u')).toMatchObject({ decision: 'allow' })
    expect(await call('t', { tool_args_hash: 'y' })).toMatchObject({ decision: 'allow' })
    const fifth = await call('t', { tool_args_hash: 'z' })
    expect(fifth.detail).toBe('In its trace this would be step 5; “Rail” allows at most 4.')
    pass(7 * 3_600_000)
    await runDurableObjectAlarm(w.stub)
    expect(await call('t')).toMatchObject({ decision: 'allow' })
  })

  it('count parallel steps of one request one after the other, and let all in or none', async () => {
    const w = worldOf()
    await w.control({ loop: { repeats_max: 2 } })
    const same = { estimate_usd: '0', trace_id: 't', tool_name: 'a', tool_args_hash: 'x' }
    expect(await w.rpc().reserve(w.tenant, [same, same, same])).toMatchObject({ decision: 'deny', refused_work: 2 })
    expect(await w.rpc().reserve(w.tenant, [same, same])).toMatchObject({ decision: 'allow' })
    expect(await w.rpc().reserve(w.tenant, [same])).toMatchObject({ decision: 'deny', refused_work: 0 })
  })

  it('let exactly so many in of those that come at once', async () => {
    const w = worldOf()
    await w.budget({ limit_usd: '0.5' })
    await w.control({ loop: { steps_max: 40 } })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => w.reserve('0.01', { trace_id: 't', idempotency_key: `k${i}` })),
    )
    expect(answers.filter(({ decision }) => decision === 'allow')).toHaveLength(40)
    expect(answers.filter(({ reason }) => reason === 'loop_detected')).toHaveLength(60)
    expect(await w.only()).toMatchObject({ reserved_usd: '0.400000000' })
  })

  it('count nothing where a budget refuses', async () => {
    const w = worldOf()
    await w.budget({ limit_usd: '0.1' })
    await w.control({ loop: { steps_max: 1 } })
    expect(await w.reserve('1', { trace_id: 't' })).toMatchObject({
      reason: 'budget_exceeded',
      error_type: 'budget_exceeded',
    })
    expect(await w.reserve('0.1', { trace_id: 't' })).toMatchObject({ decision: 'allow' })
  })
})
