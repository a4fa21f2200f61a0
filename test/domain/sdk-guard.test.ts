import { describe, expect, it, vi } from 'vitest'
import { GuardDenied } from '../../sdk/src/index.ts'
import { agentFor, endpoint, eventsOf } from '../support/sdk-endpoint.ts'

describe('the guard', () => {
  const allow = (more: object = {}) => ({
    status: 200,
    body: { decision: 'allow', reservation_id: 'rsv_1', reason: null, controls: null, error_type: null, ...more },
  })

  it('reserves, and lets the event settle; an error is settled at once', async () => {
    const { url, seen } = await endpoint((_n, path) => (path === '/v1/events' ? { status: 202 } : allow()))
    const { agent } = agentFor(url)
    const call = { provider: 'openai', model: 'gpt-4o', guard: { estimate_usd: '0.05' } }
    await agent.run('r', async (run) => {
      await run.llm(call, () => ({ usage: { prompt_tokens: 1, completion_tokens: 1 } }))
      await run.llm(call, () => Promise.reject(Object.assign(new Error('busy'), { status: 529 }))).catch(() => {})
    })
    await agent.flush()
    const bodies = seen
      .filter(({ path }) => path !== '/v1/events')
      .map(({ path, body }) => [path, JSON.parse(Buffer.from(body, 'base64').toString()) as object])
    expect(bodies).toMatchObject([
      ['/v1/guard/reserve', { estimate_usd: '0.05', model: 'gpt-4o', workflow_id: 'r' }],
      ['/v1/guard/reserve', {}],
      ['/v1/guard/settle', { reservation_id: 'rsv_1', cost_usd: '0', status: 'error', error_type: '529' }],
    ])
    expect(eventsOf(seen).filter(({ reservation_id }) => reservation_id === 'rsv_1')).toHaveLength(2)
  })

  it('throws what is denied before the work, and reports it as blocked', async () => {
    const denial = { decision: 'deny', reservation_id: null, reason: 'tool_not_allowed', detail: 'Not this one.' }
    const { url, seen } = await endpoint((_n, path) => (path === '/v1/events' ? { status: 202 } : allow(denial)))
    const { agent } = agentFor(url)
    const work = vi.fn()
    const tool = { name: 'rm', args: { b: 1, a: 2 }, guard: true }
    await expect(agent.run('r', (run) => run.tool(tool, work))).rejects.toBeInstanceOf(GuardDenied)
    expect(work).not.toHaveBeenCalled()
    await agent.flush()
    expect(eventsOf(seen)[1]).toMatchObject({
      event_type: 'agent.tool.failed',
      status: 'blocked',
      error_type: 'tool_not_allowed',
    })
  })

  it.each(['open', 'closed'] as const)('fails %s when nobody answers', async (onUnreachable) => {
    const { agent } = agentFor('http://127.0.0.1:9', { onUnreachable, exitMs: 1 })
    const answer = await agent.guard.reserve({ estimate_usd: '1' })
    expect(answer.reason).toBe(`unreachable_${onUnreachable}`)
    expect(answer.decision).toBe(onUnreachable === 'open' ? 'allow' : 'deny')
  })
})
