import { describe, expect, it } from 'vitest'
import {
  call,
  claudeLoop,
  failed,
  GPT_LOOP,
  HAIKU,
  MINI_LOOP,
  OURS,
  SONNET_5,
  TOOLS,
} from '../../support/client-runs.ts'
import { eventsIn, runsOf, type Run } from '../../support/clients.ts'

/** Spans that people write by hand, in the newest names: everything is told. */
const otelJs = (environment?: string): Run[] => {
  const place = environment === undefined ? {} : { environment }
  const names = { ...OURS, ...place, prompt: 'v7', provider: 'openai', agent: 'agt_order_1' }
  // The root has no agent, only a service; its version is the service's, where the environment names one.
  const root = { agent: 'agt_order_1, order-support', version: environment === undefined ? '3.1.0' : '1.4.2, 3.1.0' }
  return [
    {
      result: 'ok',
      ...names,
      ...root,
      workflow: 'order-flow',
      calls: [failed('gpt-4o', 'rate_limit'), ...GPT_LOOP],
      retries: 1,
      tools: TOOLS,
      steps: 1,
    },
    {
      result: 'ok',
      ...names,
      version: '3.1.0',
      calls: [failed('gpt-4o', 'dependency_unavailable'), ...MINI_LOOP],
      // Sent again, but to another model: a fallback and no retry.
      fallbacks: ['gpt-4o → gpt-4o-mini'],
      tools: TOOLS,
    },
    { result: 'auth_failed', ...names, version: '3.1.0', calls: [failed('gpt-4o', 'auth_failed')] },
  ]
}

/** No cached tokens, no tools, no session: 450 × 2.50 + 39 × 10 dollars for a million, and so on. */
const uncached = (model: string, usd: [number, number, number]) => [
  call(model, 450, 39, usd[0], { cached: undefined, finish: 'tool_call' }),
  call(model, 500, 41, usd[1], { cached: undefined, finish: 'tool_call' }),
  call(model, 550, 43, usd[2], { cached: undefined, finish: 'stop' }),
]
const GPT = uncached('gpt-4o-2024-08-06', [1515, 1660, 1805])
const answer = call('o4-mini-2025-04-16', 425, 50, 687.5, { cached: undefined, finish: 'stop' })
const openai = { agent: 'order-support', provider: 'openai' }
const otelOpenai: Run[] = [
  { result: 'ok', ...openai, calls: GPT },
  { result: 'ok', ...openai, calls: GPT },
  // The package tried again after the 429 within one span.
  { result: 'ok', ...openai, calls: GPT },
  {
    result: 'ok',
    ...openai,
    calls: [failed('gpt-4o', 'dependency_unavailable'), ...uncached('gpt-4o-mini-2024-07-18', [90.9, 99.6, 108.3])],
    fallbacks: ['gpt-4o → gpt-4o-mini'],
  },
  { result: 'timeout', ...openai, calls: [failed('gpt-4o', 'timeout')] },
  { result: 'ok', ...openai, calls: [answer] },
  { result: 'ok', ...openai, calls: [answer] },
  {
    result: 'ok',
    ...openai,
    calls: [{ model: 'text-embedding-3-small', prompt: 8, nano: 160 }],
  },
]

const SONNET = claudeLoop('claude-sonnet-5', SONNET_5)
const ours = { ...OURS, agent: 'order-support', provider: 'anthropic' }
const anthropic: Run[] = [
  { result: 'ok', ...ours, calls: SONNET, tools: TOOLS },
  { result: 'ok', ...ours, calls: SONNET, tools: TOOLS },
  // The driver wraps no tools here; the package counts how often it sent.
  { result: 'ok', ...ours, calls: SONNET, retries: 1 },
  {
    result: 'ok',
    ...ours,
    calls: [failed('claude-sonnet-5', 'rate_limit'), ...claudeLoop('claude-haiku-4-5', HAIKU)],
    fallbacks: ['claude-sonnet-5 → claude-haiku-4-5'],
    tools: TOOLS,
  },
  { result: 'timeout', agent: 'order-support', provider: 'anthropic', calls: [failed('claude-sonnet-5', 'timeout')] },
]

describe('clients that speak the GenAI conventions', () => {
  it.each<[string, string, Run[]]>([
    ['otel-js', 'traces.json', otelJs()],
    ['otel-js', 'traces.pb', otelJs()],
    ['otel-js', 'env.json', otelJs('production')],
    ['otel-js', 'env.pb', otelJs('production')],
    ['otel-openai', 'traces.pb', otelOpenai],
    ['otel-openai', 'content.pb', otelOpenai],
    ['anthropic-otel', 'traces.pb', anthropic],
    ['anthropic-otel', 'content.pb', anthropic],
  ])('%s, %s', (client, file, runs) => {
    expect(runsOf(eventsIn(client, file))).toEqual(JSON.parse(JSON.stringify(runs)))
  })
})
