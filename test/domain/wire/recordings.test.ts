import { describe, expect, it } from 'vitest'
import { fromLangfuse } from '../../../workers/domain/wire/langfuse.ts'
import { fromLangSmith, type RunMessage } from '../../../workers/domain/wire/langsmith.ts'
import { fromLunary } from '../../../workers/domain/wire/lunary.ts'
import { fromOpenAiAgents } from '../../../workers/domain/wire/openai-agents.ts'
import { runsOfForm } from '../../../workers/edge/wire/multipart.ts'
import { recording, Replay, tracesOf, type Recorded } from '../../support/wire-recordings.ts'

/**
 * What the drivers of the recordings did: a loop of three calls with two tools, the second of which fails, and variants
 * of it. The mock answers a call of n messages with 350 + 50 n tokens of prompt, 128 of them cached.
 */
const LOOP = { calls: 3, tokens: [1500, 123, 384, 0], tools: ['issue_refund tool_timeout', 'lookup_order ok'] }
const WHOLE = {
  users: ['user-77'],
  sessions: ['sess-2026-11-23-a'],
  requests: ['ok'],
  failed_calls: [] as string[],
  retries: 0,
  fallbacks: [] as string[],
  policies: [] as string[],
  open: 0,
  orphans: 0,
  doubled: 0,
}
const NOTHING = { calls: 0, models: [], tokens: [0, 0, 0, 0], tools: [] }
const GPT = 'gpt-4o-2024-08-06'
const MINI = 'gpt-4o-mini-2024-07-18'
const FELL_BACK = { calls: 4, models: ['gpt-4o', MINI], failed_calls: ['dependency_unavailable'] }

/** In the order of their text: what comes first depends on how the client batches. */
const sorted = (list: readonly object[]) => list.map((item) => JSON.stringify(item, Object.keys(item).sort())).sort()

function told(replay: Replay) {
  expect(replay.refused).toEqual([])
  return sorted(tracesOf(replay.events).map((trace) => ({ ...trace, tools: [...trace.tools].sort() })))
}

describe('LangSmith', () => {
  const OWN = { ...WHOLE, name: 'order-support', agents: ['order-support'] }
  const FLOW = { ...WHOLE, name: 'order_flow', agents: ['order_flow'] }
  const ONE = { calls: 1, tokens: [425, 38, 128, 0] }
  const EXPECTED = [
    { ...OWN, ...LOOP, models: [GPT] },
    { ...OWN, ...LOOP, models: [GPT] },
    // Its tools are not wrapped, and the provider's package tries again within one run.
    { ...OWN, ...LOOP, tools: [], models: [GPT] },
    { ...OWN, ...LOOP, ...FELL_BACK, fallbacks: [`gpt-4o > ${MINI}`] },
    { ...OWN, ...NOTHING, requests: ['timeout'], calls: 1, models: ['gpt-4o'], failed_calls: ['timeout'] },
    { ...OWN, ...NOTHING, calls: 1, models: ['o4-mini-2025-04-16'], tokens: [425, 50, 128, 12] },
    { ...FLOW, ...LOOP, agents: ['order_support'], models: [GPT], tokens: [1425, 120, 384, 0] },
    { ...FLOW, ...NOTHING, ...ONE, ...FELL_BACK, calls: 2, fallbacks: [`gpt-4o > ${MINI}`] },
    { ...FLOW, ...NOTHING, ...ONE, calls: 2, models: ['gpt-4o', GPT], failed_calls: ['rate_limit'], retries: 1 },
    {
      ...FLOW,
      ...LOOP,
      agents: ['billing_agent', 'order_flow'],
      models: [GPT, MINI],
      calls: 4,
      tokens: [1925, 161, 512, 0],
    },
  ]
  const read = async ({ path, body, headers }: Recorded): Promise<RunMessage[]> => {
    if (path.endsWith('/multipart')) return runsOfForm(Buffer.from(body), headers['content-type'] ?? '')
    const { post = [], patch = [] } = JSON.parse(body) as { post?: unknown[]; patch?: unknown[] }
    return [...post.map((run) => ({ run, isPatch: false })), ...patch.map((run) => ({ run, isPatch: true }))]
  }

  it.each(['/runs/batch', '/runs/multipart'])('tells the same by %s', async (path) => {
    const replay = new Replay('langsmith')
    for (const request of recording('langsmith/runs')) {
      if (request.path === path) replay.send(fromLangSmith(await read(request)))
    }
    expect(told(replay)).toEqual(sorted(EXPECTED))
  })

  it('tells the same when all of it is sent twice, and each request once more after an answer that was lost', async () => {
    const replay = new Replay('langsmith')
    const requests = recording('langsmith/runs').filter(({ path }) => path === '/runs/multipart')
    for (const request of requests) {
      const messages = fromLangSmith(await read(request))
      replay.send(messages, false)
      replay.send(messages)
      expect(replay.send(messages)).toEqual([])
    }
    for (const request of requests) expect(replay.send(fromLangSmith(await read(request)))).toEqual([])
    expect(told(replay)).toEqual(sorted(EXPECTED))
  })

  it('tells the same tokens and errors in any order of the requests', async () => {
    const replay = new Replay('langsmith')
    for (const request of recording('langsmith/runs').reverse()) {
      if (request.path === '/runs/batch') replay.send(fromLangSmith(await read(request)))
    }
    const without = (list: readonly Partial<(typeof EXPECTED)[number]>[]) =>
      sorted(
        list.map(({ calls, tokens, requests, failed_calls, models }) => ({
          calls,
          tokens,
          requests,
          failed_calls,
          models,
        })),
      )
    expect(without(tracesOf(replay.events) as typeof EXPECTED)).toEqual(without(EXPECTED))
  })
})

describe('Langfuse 3', () => {
  const FLOW = { ...WHOLE, name: 'order_flow', agents: ['order-support'] }
  const CHAIN = { ...WHOLE, ...NOTHING, name: 'ChatOpenAI', agents: [], calls: 1 }
  it('tells what the driver did, over batches that cut runs in two', () => {
    const replay = new Replay('langfuse')
    for (const { body } of recording('langfuse-v3/ingestion'))
      replay.send(fromLangfuse((JSON.parse(body) as { batch: unknown[] }).batch))
    expect(told(replay)).toEqual(
      sorted([
        { ...FLOW, ...LOOP, models: [GPT] },
        // Of a stream the client tells the model that was asked for.
        { ...FLOW, ...LOOP, models: ['gpt-4o'] },
        { ...FLOW, ...LOOP, ...FELL_BACK, fallbacks: [`gpt-4o > ${MINI}`] },
        // Its model is told in one request, its usage in the next, and once more in another form.
        {
          ...WHOLE,
          ...NOTHING,
          name: 'manual',
          agents: [],
          calls: 1,
          models: [GPT],
          tokens: [450, 39, 0, 0],
          fallbacks: ['gpt-4o > gpt-4o-mini'],
        },
        // LangChain's handler counts 297 tokens beside 128 of the cache.
        { ...CHAIN, models: [GPT], tokens: [425, 38, 128, 0] },
        { ...CHAIN, models: ['gpt-4o'], requests: ['rate_limit'], failed_calls: ['rate_limit'] },
      ]),
    )
    const TOLD_BY = { 'agentops.client': 'langfuse' }
    const scores = replay.events.filter(({ event_type }) => event_type === 'agent.outcome.revised')
    expect(scores.map(({ scores: of, attributes, workflow_id }) => [of, attributes, workflow_id])).toEqual([
      [{ helpful: 0.8 }, TOLD_BY, 'manual'],
      [undefined, { 'score.tone': 'good', ...TOLD_BY }, 'manual'],
      [{ accuracy: 1 }, TOLD_BY, 'manual'],
    ])
  })
})

describe('the OpenAI Agents SDK', () => {
  const FLOW = { ...WHOLE, name: 'order_flow', agents: ['Billing Agent'] }
  const TOOLS = ['issue_refund tool_runtime', 'lookup_order ok']
  const ALLOWED = { policies: ['refund-policy allow'] }
  // It names no model of a call to the Responses API.
  const TURNS = { calls: 3, models: ['unknown'], tokens: [1425, 156, 384, 0], tools: TOOLS, ...ALLOWED }
  it('tells what the driver did, each turn once', () => {
    const replay = new Replay('openai-agents')
    for (const { body } of recording('openai-agents/traces'))
      replay.send(fromOpenAiAgents((JSON.parse(body) as { data: unknown[] }).data))
    const both = { agents: ['Billing Agent', 'Triage Agent'], policies: ['refund-policy allow', 'refund-policy allow'] }
    expect(told(replay)).toEqual(
      sorted([
        { ...FLOW, ...TURNS, ...both, calls: 4, tokens: [2000, 212, 512, 0] },
        { ...FLOW, ...TURNS },
        { ...FLOW, ...TURNS },
        { ...FLOW, ...TURNS, calls: 4, failed_calls: ['dependency_unavailable'] },
        { ...FLOW, ...NOTHING, agents: ['Guarded'], requests: ['policy_blocked'], policies: ['pii-policy block'] },
        { ...FLOW, ...NOTHING, agents: [] },
        {
          ...FLOW,
          name: 'order_flow_chat',
          ...both,
          calls: 4,
          models: [GPT, MINI],
          tokens: [2100, 168, 512, 0],
          tools: TOOLS,
        },
        {
          ...FLOW,
          calls: 1,
          models: [GPT],
          tokens: [450, 39, 128, 0],
          tools: ['lookup_order ok'],
          requests: ['loop_detected'],
        },
      ]),
    )
  })

  it.each([1, 3, 7])('tells the same in exports of %i', (size) => {
    const data = recording('openai-agents/traces').flatMap(({ body }) => (JSON.parse(body) as { data: unknown[] }).data)
    const replay = new Replay('openai-agents')
    for (let at = 0; at < data.length; at += size) replay.send(fromOpenAiAgents(data.slice(at, at + size)))
    const whole = new Replay('openai-agents')
    whole.send(fromOpenAiAgents(data))
    const figures = (events: Replay['events']) =>
      tracesOf(events).map(({ calls, tokens, tools, failed_calls, requests, name }) => ({
        calls,
        tokens,
        tools,
        failed_calls,
        requests: requests.length,
        name,
      }))
    expect(figures(replay.events)).toEqual(figures(whole.events))
  })
})

describe('Lunary', () => {
  const OWN = { ...WHOLE, name: 'order-support', agents: ['order-support'] }
  const SENT = { ...LOOP, tokens: [1500, 123, 0, 0] }
  it('tells what the driver did, starts and ends apart', () => {
    const replay = new Replay('lunary')
    for (const { body } of recording('lunary/events'))
      replay.send(fromLunary((JSON.parse(body) as { events: unknown[] }).events))
    expect(told(replay)).toEqual(
      sorted([
        { ...OWN, ...SENT, models: ['gpt-4o'] },
        // Its handler of streams breaks: three calls never end.
        { ...OWN, ...NOTHING, tools: LOOP.tools, open: 3 },
        { ...OWN, ...SENT, models: ['gpt-4o'] },
        { ...OWN, ...SENT, ...FELL_BACK, models: ['gpt-4o', 'gpt-4o-mini'], fallbacks: ['gpt-4o > gpt-4o-mini'] },
        { ...OWN, ...NOTHING, calls: 1, models: ['gpt-4o'], requests: ['auth_failed'], failed_calls: ['auth_failed'] },
      ]),
    )
  })
})
