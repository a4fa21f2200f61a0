import { describe, expect, it } from 'vitest'
import {
  call,
  claudeLoop,
  failed,
  GPT_LOOP,
  GPT_SHORT,
  MINI_LOOP,
  OURS,
  REASONING,
  REASONING_LOOP,
  renamed,
  SONNET_4_5,
  tools,
  TOOLS,
  without,
} from '../../support/client-runs.ts'
import { eventsIn, runsOf, type Run } from '../../support/clients.ts'

const SONNET = claudeLoop('claude-sonnet-4-5', SONNET_4_5)
const embedding = { model: 'text-embedding-3-small', prompt: 8, nano: 160 }

/** Failures of OpenAI leave no span of the call, streams no usage, embeddings neither; roots without a service. */
const oi = { ...OURS, agent: 'order-support', prompt: 'v7', provider: 'openai' }
const fallback = [
  failed('gpt-4o', 'dependency_unavailable'),
  { model: 'gpt-4o-mini', prompt: 425, completion: 38, cached: 128, nano: 76_950, finish: 'stop' },
]
const openinference: Run[] = [
  { result: 'ok', ...oi, calls: GPT_LOOP, tools: TOOLS },
  {
    result: 'ok',
    ...oi,
    calls: renamed(without(GPT_LOOP, 'prompt', 'completion', 'cached', 'nano'), 'gpt-4o'),
    tools: TOOLS,
  },
  { result: 'ok', ...oi, calls: GPT_LOOP },
  { result: 'ok', ...oi, calls: MINI_LOOP, tools: TOOLS },
  { result: 'timeout', ...OURS, agent: 'order-support' },
  { result: 'ok', ...oi, calls: without([REASONING], 'finish') },
  { result: 'ok', agent: 'order-support', provider: 'openai', calls: without([embedding], 'prompt', 'nano') },
  // The SDK tells of each call too, within the span of the instrumentation.
  { result: 'ok', ...oi, agent: 'claude-support', provider: 'anthropic', calls: SONNET, tools: TOOLS, steps: 3 },
  // LangChain's own spans, with the name of its agent; its graph has nine steps that are no call.
  {
    result: 'ok',
    ...OURS,
    agent: 'order_support',
    workflow: 'order_flow',
    prompt: 'v7',
    provider: 'openai',
    calls: renamed(GPT_SHORT, 'gpt-4o'),
    tools: TOOLS,
    steps: 9,
  },
  // What the instrumentation of the package tells of these calls lies in traces of its own.
  { result: 'ok', ...OURS, agent: 'order-support' },
  { result: 'ok', ...OURS, agent: 'order-support' },
  { result: 'ok', ...OURS, agent: 'order-support' },
  {
    result: 'ok',
    agent: 'order-support',
    workflow: 'RunnableWithFallbacks',
    provider: 'openai',
    calls: fallback,
    fallbacks: ['gpt-4o → gpt-4o-mini'],
  },
  { result: 'ok', agent: 'order-support' },
  // A tool failed, and the processor marked the answer and the run with it.
  { result: 'ok', ...OURS, agent: 'order-support', provider: 'openai', calls: GPT_SHORT, tools: TOOLS },
]

const vercel = { ...OURS, agent: 'order-support', provider: 'openai' }
const object = call('gpt-4o-2024-08-06', 425, 38, 1282.5, { finish: 'stop' })
/** The provider's message is told, its class is always the SDK's. */
const vercelRuns = (
  names: Partial<Run>,
  told: { retried: boolean; uncachedObject: boolean; agentIsOurs: boolean },
): Run[] => [
  { result: 'ok', ...names, calls: GPT_LOOP, tools: TOOLS },
  { result: 'ok', ...names, calls: REASONING_LOOP, tools: TOOLS },
  { result: 'ok', ...names, calls: GPT_LOOP, tools: TOOLS },
  told.retried
    ? { result: 'ok', ...names, calls: [failed('gpt-4o', 'rate_limit'), ...GPT_LOOP], retries: 1, tools: TOOLS }
    : { result: 'ok', ...names, calls: GPT_LOOP, tools: TOOLS },
  // The program fell back itself, in a run of its own.
  { result: 'dependency_unavailable', ...names, calls: [failed('gpt-4o', 'dependency_unavailable')] },
  { result: 'ok', ...names, calls: MINI_LOOP, tools: TOOLS },
  { result: 'timeout', ...names, calls: [failed('gpt-4o', 'timeout')] },
  { result: 'ok', ...names, provider: 'anthropic', calls: SONNET, tools: TOOLS },
  ...(
    [
      { calls: GPT_LOOP, tools: TOOLS },
      {
        calls: told.uncachedObject
          ? [call('gpt-4o-2024-08-06', 425, 38, 1442.5, { cached: undefined, finish: 'stop' })]
          : [object],
      },
      { calls: [embedding] },
    ] satisfies Partial<Run>[]
  ).map((run): Run => ({
    result: 'ok',
    ...names,
    ...(told.agentIsOurs ? {} : { user: undefined, session: undefined }),
    ...run,
  })),
]
const vercel6 = vercelRuns({ ...vercel, prompt: 'v7' }, { retried: true, uncachedObject: true, agentIsOurs: true })
const vercel7Legacy = vercelRuns(vercel, { retried: false, uncachedObject: false, agentIsOurs: false })
/** Version 7 has a span for each step of generateText, and tells who asked only where it is told to; reasoning alike. */
const stepped = (runs: Run[], change: (run: Run) => Run): Run[] =>
  runs.map((run) =>
    change(run.tools === undefined && run.result === 'ok' ? run : { ...run, steps: run.calls?.length ?? 0 }),
  )
const bare = (run: Run): Run => ({
  ...run,
  user: undefined,
  session: undefined,
  calls: without(run.calls ?? [], 'reasoning'),
})
const vercel7 = stepped(vercel7Legacy, bare)
const vercel7Told = stepped(vercel7Legacy, (run) => run)

const lf = {
  ...OURS,
  agent: 'order-support',
  workflow: 'order-flow',
  version: '3.1.0',
  environment: 'production',
  prompt: '7',
  provider: 'openai',
}
const unfinished = (calls: typeof GPT_LOOP) => without(calls, 'finish')
const langfuse: Run[] = [
  { result: 'ok', ...lf, calls: unfinished(GPT_LOOP), tools: TOOLS },
  // Of a stream the model is the one that was asked for.
  { result: 'ok', ...lf, calls: renamed(unfinished(GPT_LOOP), 'gpt-4o'), tools: TOOLS },
  { result: 'ok', ...lf, calls: unfinished(GPT_LOOP), tools: TOOLS },
  {
    result: 'ok',
    ...lf,
    calls: [failed('gpt-4o', 'dependency_unavailable'), ...unfinished(MINI_LOOP)],
    fallbacks: ['gpt-4o → gpt-4o-mini-2024-07-18'],
    tools: TOOLS,
  },
  { result: 'timeout', ...lf, calls: [failed('gpt-4o', 'timeout')] },
  { result: 'ok', ...lf, calls: unfinished([REASONING]) },
  {
    result: 'ok',
    ...lf,
    prompt: undefined,
    provider: 'anthropic',
    // Written by hand, with its cost: 0.0017 dollars.
    calls: [{ model: 'claude-sonnet-4-5', prompt: 425, cached: 128, completion: 38, reasoning: 12, nano: 1_700_000 }],
    steps: 1,
    policies: ['refund-limit-policy block'],
  },
  // The handler of LangChain names nobody.
  {
    result: 'ok',
    environment: 'production',
    provider: 'openai',
    calls: [call('gpt-4o-2024-08-06', 425, 38, 1282.5)],
  },
]

/** The streamed run shows one of its three calls, as its root; of what createAgent did nothing came. */
const langsmith: Run[] = [
  { result: 'ok', ...OURS, workflow: 'order-support', provider: 'openai', calls: GPT_LOOP, tools: TOOLS },
  {
    result: 'ok',
    workflow: 'order-support',
    provider: 'openai',
    calls: GPT_LOOP.slice(0, 1),
    tools: tools('tool_timeout'),
  },
]

describe('frameworks with conventions of their own', () => {
  it.each<[string, string, Run[]]>([
    ['openinference', 'traces.json', openinference],
    ['openinference', 'traces.pb', openinference],
    ['vercel-ai', 'traces.json', vercel6],
    ['vercel-ai-7', 'legacy.json', vercel7Legacy],
    ['vercel-ai-7', 'traces.json', vercel7],
    ['vercel-ai-7', 'supplemental.json', vercel7Told],
    ['langfuse-otel', 'traces.json', langfuse],
    ['langsmith', 'traces.pb', langsmith],
  ])('%s, %s', (client, file, runs) => {
    expect(runsOf(eventsIn(client, file))).toEqual(JSON.parse(JSON.stringify(runs)))
  })
})
