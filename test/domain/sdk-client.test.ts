import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { DROPPED_ATTRIBUTE, type AgentEvent } from '../../sdk/src/index.ts'
import { jitterOf, retryAfterOf } from '../../sdk/src/transport.ts'
import { parseTraceparent } from '../../sdk/src/traceparent.ts'
import { EventInput } from '../../workers/contract/event.ts'
import { checkEvent } from '../../workers/domain/event-check.ts'
import { agentFor, endpoint, eventsOf, type Answer } from '../support/sdk-endpoint.ts'

const event = (n: number, more: Partial<AgentEvent> = {}): AgentEvent => ({
  event_type: 'agent.step.completed',
  timestamp: 1_763_900_000_000,
  trace_id: 'a'.repeat(32),
  span_id: `span-${n}`,
  ...more,
})

describe('spans', () => {
  it('tell a run as a tree of events that the contract takes', async () => {
    const { url, seen } = await endpoint()
    const { agent } = agentFor(url, { defaults: { agent_id: 'support', environment: 'test' } })
    const remote = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
    let inside: Record<string, string> = {}
    const result = await agent.run({ name: 'refund', user_id: 'u1', traceparent: remote }, async (run) => {
      const kind = await run.step('classify', () =>
        agent.llm({ provider: 'openai', model: 'gpt-4o' }, () => ({
          id: 'chatcmpl-1',
          model: 'gpt-4o-2024-08-06',
          usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 80 } },
        })),
      )
      await agent.tool('lookup', async () => {
        await Promise.resolve()
        inside = agent.headers()
      })
      run.set({ outcome: 'success', attributes: { ticket: 7 } })
      return kind.id
    })
    expect(result).toBe('chatcmpl-1')
    expect(await agent.flush()).toBe(true)
    const events = eventsOf(seen)
    for (const one of events) {
      expect(EventInput.parse(one)).toEqual(one)
      expect(checkEvent(one)).toBe('valid')
      expect(one).toMatchObject({ trace_id: '1'.repeat(32), agent_id: 'support', environment: 'test' })
    }
    const [started, llm, step, tool, run] = events
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'agent.request.started',
      'agent.step.completed',
      'agent.step.completed',
      'agent.tool.called',
      'agent.request.completed',
    ])
    expect(run).toMatchObject({
      span_id: started?.span_id,
      parent_span_id: '2'.repeat(16),
      workflow_id: 'refund',
      outcome: 'success',
      status: 'ok',
      attributes: { ticket: 7 },
    })
    expect(llm).toMatchObject({
      parent_span_id: step?.span_id,
      user_id: 'u1',
      workflow_id: 'refund',
      model: 'gpt-4o-2024-08-06',
      tokens_prompt: 100,
      tokens_completion: 20,
      tokens_cached: 80,
      attributes: { 'gen_ai.response.id': 'chatcmpl-1' },
    })
    expect(step).toMatchObject({ parent_span_id: run?.span_id, step: 'classify' })
    expect(tool).toMatchObject({ parent_span_id: run?.span_id, tool_name: 'lookup' })
    expect(parseTraceparent(inside['traceparent'])).toEqual({ traceId: '1'.repeat(32), spanId: tool?.span_id })
  })

  it('record what the code throws and throw it on', async () => {
    const { url, seen } = await endpoint()
    const { agent } = agentFor(url)
    const broken = Object.assign(new Error('no route to db'), { code: 'ECONNREFUSED' })
    await expect(agent.run('r', (run) => run.tool('db', () => Promise.reject(broken)))).rejects.toBe(broken)
    const stop = new DOMException('stopped', 'AbortError')
    await expect(
      agent.run('r', () => {
        throw stop
      }),
    ).rejects.toBe(stop)
    await agent.flush()
    const [, tool, failed, , cancelled] = eventsOf(seen)
    expect(tool).toMatchObject({ event_type: 'agent.tool.failed', status: 'error', error_type: 'ECONNREFUSED' })
    expect(failed).toMatchObject({ status: 'error', error_message: 'no route to db' })
    expect(cancelled).toMatchObject({ event_type: 'agent.request.completed', status: 'cancelled' })
  })

  it('go on without AsyncLocalStorage, handed on by hand, and an agent within an agent is a step', async () => {
    const { url, seen } = await endpoint()
    const { agent } = agentFor(url, { storage: { getStore: () => undefined, run: (_span, fn) => fn() } })
    await agent.run('outer', (run) => run.step('one', (step) => step.tool('two', () => 1)))
    await agent.step('alone', () => 1)
    await agent.flush()
    const [, two, one, run, alone] = eventsOf(seen)
    expect([two?.parent_span_id, one?.parent_span_id]).toEqual([one?.span_id, run?.span_id])
    expect(alone?.parent_span_id).toBeUndefined()

    const nested = agentFor(url).agent
    await nested.run('outer', () => nested.run({ name: 'inner', agent_id: 'helper' }, () => 1))
    await nested.flush()
    expect(
      eventsOf(seen)
        .slice(5)
        .map(({ event_type, step }) => [event_type, step]),
    ).toEqual([
      ['agent.request.started', undefined],
      ['agent.step.completed', 'inner'],
      ['agent.request.completed', undefined],
    ])
  })
})

describe('sending', () => {
  it('sends the same bytes under the same key until they are taken', async () => {
    const answers: Answer[] = ['break', { status: 503 }, { status: 429, headers: { 'retry-after': '0' } }]
    const { url, seen } = await endpoint((n) => answers[n] ?? { status: 202 })
    const { agent } = agentFor(url)
    for (let n = 0; n < 10; n++) agent.send(event(n))
    expect(await agent.flush()).toBe(true)
    expect(seen).toHaveLength(4)
    expect(new Set(seen.map(({ key, body }) => `${key} ${body}`)).size).toBe(1)
    expect(agent.stats).toEqual({ accepted: 10, pending: 0, dropped: {} })
  })

  it('waits as long as the server asks, and with full jitter else', () => {
    expect(retryAfterOf('3', 0)).toBe(3000)
    expect(retryAfterOf(new Date(65_000).toUTCString(), 60_000)).toBe(5000)
    expect(retryAfterOf('soon', 0)).toBe(0)
    expect([jitterOf(0, 0), jitterOf(0, 1), jitterOf(3, 0.5), jitterOf(30, 1)]).toEqual([0, 250, 1000, 30_000])
  })

  it.each([
    ['at once, when another batch gets through', {}, 2],
    ['not before the time that the server asked for', { 'retry-after': '100' }, 1],
  ])('tries again %s', async (_name, headers, accepted) => {
    const { url, seen } = await endpoint((n) => (n === 0 ? { status: 503, headers } : { status: 202 }))
    // Four minutes and more, were the wait not cut short.
    const random = vi.spyOn(Math, 'random').mockReturnValue(1000)
    const { agent } = agentFor(url, { batchEvents: 1, exitMs: 1 })
    agent.send(event(1))
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    // The answer has to come back before the wait begins.
    await new Promise((resolve) => setTimeout(resolve, 200))
    random.mockRestore()
    agent.send(event(2))
    await vi.waitFor(() => expect(agent.stats.accepted).toBeGreaterThan(0))
    if (accepted === 2) expect(await agent.flush()).toBe(true)
    else expect(await agent.flush(200)).toBe(false)
    expect(agent.stats).toMatchObject({ accepted, pending: 2 - accepted })
  })

  it('cuts batches by number, by bytes and by time', async () => {
    const { url, seen } = await endpoint()
    const { agent } = agentFor(url, { batchEvents: 10, batchBytes: 2000, batchMs: 20 })
    for (let n = 0; n < 25; n++) agent.send(event(n))
    await vi.waitFor(() => expect(agent.stats.accepted).toBe(25))
    expect(seen.map(({ events }) => events.length).sort()).toEqual([10, 10, 5])
    for (let n = 0; n < 4; n++) agent.send(event(n, { error_message: 'x'.repeat(900) }))
    await agent.flush()
    expect(seen.slice(3).map(({ events }) => events.length)).toEqual([1, 1, 1, 1])
  })

  it('keeps within its memory, counts what it drops, and tells the server with the next batch', async () => {
    let isDown = true
    const { url, seen } = await endpoint(() => (isDown ? { status: 503 } : { status: 202 }))
    const { agent, dropped } = agentFor(url, { bufferBytes: 3000, batchEvents: 5, concurrency: 1 })
    for (let n = 0; n < 100; n++) agent.send(event(n))
    const kept = agent.stats.pending
    expect(kept).toBeGreaterThan(10)
    expect(kept).toBeLessThan(25)
    expect(dropped).toHaveLength(100 - kept)
    isDown = false
    expect(await agent.flush()).toBe(true)
    expect(agent.stats).toEqual({ accepted: kept, pending: 0, dropped: { buffer_full: 100 - kept } })
    const told = eventsOf(seen).filter(({ attributes }) => attributes?.[DROPPED_ATTRIBUTE] !== undefined)
    expect(told.map(({ attributes }) => attributes)).toEqual([{ [DROPPED_ATTRIBUTE]: { buffer_full: 100 - kept } }])
    agent.send(event(1))
    await agent.flush()
    expect(seen.at(-1)?.events[0]?.attributes).toBeUndefined()
  })

  it.each([
    [{ status: 401, body: { detail: 'no such key' } }, 'refused', 3],
    [
      {
        status: 202,
        body: { accepted: 2, rejected: [{ index: 1, code: 'x', pointer: '/model', detail: 'bad' }], receipt_id: null },
      },
      'rejected',
      1,
    ],
  ] as const)('drops what the server does not take: %j', async (answer, reason, events) => {
    const { url } = await endpoint(() => answer)
    const { agent, dropped } = agentFor(url)
    for (let n = 0; n < 3; n++) agent.send(event(n))
    expect(await agent.flush()).toBe(false)
    expect(dropped).toEqual([[events, reason]])
  })

  it('takes what is no JSON and what is too long without throwing', async () => {
    const { url, seen } = await endpoint()
    const { agent } = agentFor(url, {
      onDrop: () => {
        throw new Error('a callback of the user')
      },
    })
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    agent.send(event(1, { input: cycle, step: 's'.repeat(500) }))
    agent.send(event(2, { attributes: { big: 10n } }))
    agent.send(event(3, { model: 5n as unknown as string }))
    expect(await agent.flush()).toBe(true)
    const events = eventsOf(seen)
    expect(events).toHaveLength(2)
    for (const one of events) expect(checkEvent(one)).toBe('valid')
    expect(agent.stats.dropped).toEqual({ unserializable: 1 })
  })

  it('ends in time when nobody answers, and says what was lost', async () => {
    const { agent, dropped } = agentFor('http://127.0.0.1:9', { exitMs: 100 })
    agent.send(event(1))
    expect(await agent.flush(50)).toBe(false)
    const start = performance.now()
    expect(await agent.close()).toBe(false)
    expect(performance.now() - start).toBeLessThan(2000)
    agent.send(event(2))
    expect(dropped).toContainEqual([1, 'closed'])
  })
})

describe('the end of a process', () => {
  it('is listened for once, however many clients there are', async () => {
    const { url } = await endpoint()
    const count = () => process.listenerCount('SIGTERM') + process.listenerCount('beforeExit')
    const before = count()
    const agents = Array.from({ length: 20 }, () => agentFor(url, { exitHooks: true }).agent)
    expect(count() - before).toBeLessThanOrEqual(2)
    await Promise.all(agents.map((agent) => agent.close()))
    expect(count()).toBe(before)
  })

  it('by a signal sends what waits, and is still an end by that signal', async () => {
    const { url, seen } = await endpoint()
    const program = `
      import { createAgentOps } from '${inRoot('sdk/src/index.ts')}'
      const agent = createAgentOps({ url: '${url}', key: 'k', batchMs: 60_000 })
      await agent.run('refund', () => {})
      setInterval(() => {}, 1000)
      console.log('ran')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    child.stdout.once('data', () => child.kill('SIGTERM'))
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect(signal).toBe('SIGTERM')
    expect(eventsOf(seen).map(({ event_type }) => event_type)).toEqual([
      'agent.request.started',
      'agent.request.completed',
    ])
  })
})
