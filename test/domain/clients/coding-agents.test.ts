import { describe, expect, it } from 'vitest'
import { call, claudeLoop, failed, SONNET_5 } from '../../support/client-runs.ts'
import { bundledBook } from '../../../workers/adapters/prices/bundled.ts'
import { shortHash } from '../../../workers/adapters/hash.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { eventKey, priceOf } from '../../../workers/domain/ledger.ts'
import { eventsIn, logEventsIn, logsIn, metricEventsIn, runsOf, type Call, type Run } from '../../support/clients.ts'

/** Four calls: `Bash`, which the settings refuse, `Read`, once more a tool that there is not, and the answer. */
const [first, second, third] = claudeLoop('claude-sonnet-5', SONNET_5)
const claude = {
  agent: 'claude-code',
  version: '2.1.197',
  provider: 'anthropic',
  user: expect.stringMatching(/^[0-9a-f]{64}$/),
  session: expect.stringMatching(/^[0-9a-f-]{36}$/),
} as Partial<Run>
const session: Run = {
  result: 'ok',
  ...claude,
  calls: [
    { ...first, finish: 'tool_call' } as Call,
    { ...second, finish: 'tool_call' } as Call,
    { ...third, finish: 'tool_call' } as Call,
    call('claude-sonnet-5', 575, 44, 1391.6, { write: 64, finish: 'stop' }),
  ],
  // The first call was tried twice.
  retries: 1,
  tools: ['Bash policy_blocked', 'Read'],
  // Two questions whether a tool may run, and one run of one.
  steps: 3,
  policies: ['tool-permission:Bash block'],
}
/** The session itself is not marked as failed. */
const refused: Run = { result: 'ok', ...claude, calls: [failed('claude-sonnet-5', 'validation')] }

/** Of gpt-5-codex: 1.25, cached 0.125, out 10 dollars for a million. */
const codexCalls = [
  [500, 53, 1011],
  [575, 56, 1134.75],
  [650, 59, 1258.5],
  [725, 62, 1382.25],
  [800, 65, 1506],
  [875, 68, 1629.75],
  [975, 72, 1794.75],
  [1050, 75, 1918.5],
].map(([prompt = 0, completion = 0, usd = 0]) => call('gpt-5-codex', prompt, completion, usd))
const codex: Run = {
  result: 'ok',
  agent: 'codex_exec',
  version: '0.169.0',
  environment: 'production',
  provider: 'openai',
  session: expect.stringMatching(/^[0-9a-f-]{36}$/),
  calls: codexCalls,
  tools: [
    'exec_command',
    'write_stdin',
    'request_user_input tool_runtime',
    'view_image tool_runtime',
    'get_goal',
    'create_goal',
    'update_goal',
  ],
  retries: 1,
  // Eight requests, the turn's loop, and the transport that tried again.
  steps: 10,
}

describe('coding agents', () => {
  it.each<[string, string[], Run[]]>([
    ['claude-code', ['traces.json'], [session]],
    ['claude-code', ['traces.pb'], [session]],
    ['claude-code', ['error.json'], [refused]],
    ['codex', ['traces-1.json', 'traces-2.json', 'traces-3.json'], [codex]],
    ['codex', ['traces-1.pb', 'traces-2.pb', 'traces-3.pb'], [codex]],
  ])('%s, %s', (client, files, runs) => {
    expect(runsOf(eventsIn(client, ...files))).toEqual(runs)
  })

  it('keeps no command line of Claude Code where content is not kept', () => {
    expect(JSON.stringify(eventsIn('claude-code', 'traces.json'))).not.toContain('cat /etc')
  })

  it('keeps 26 of the 1,350 spans of a turn of Codex, and says how many it left out', () => {
    const events = ['traces-1.json', 'traces-2.json', 'traces-3.json'].flatMap((file) => eventsIn('codex', file))
    const leftOut = events.map((event) => Number(event.attributes?.['agentops.spans.left_out'] ?? 0))
    const spans = new Set(events.map((event) => event.span_id)).size
    expect([spans, leftOut.reduce((a, b) => a + b)]).toEqual([26, 1350 - 26])
  })
})

/** What the ledger takes of events, however often it is told of them: in nano-dollars. */
function paid(events: readonly CanonicalEvent[]): number {
  const entries = new Map(events.map((event) => [eventKey(event, shortHash), priceOf(event, bundledBook)]))
  return [...entries.values()].reduce((sum, priced) => sum + (priced?.cost_nanousd ?? 0), 0)
}

const noFinish = (calls: Call[] = []) => calls.map(({ finish: _, ...call }) => call as Call)

describe('logs of coding agents', () => {
  it.each<[string, string, Run[]]>([
    [
      'claude-code',
      'logs',
      [
        {
          ...claude,
          result: 'missing',
          calls: noFinish(session.calls),
          tools: ['Read'],
          policies: ['tool-permission:Read allow'],
          // The question whether `Read` may run is within a span of its own.
          orphans: 1,
        },
      ],
    ],
    [
      'codex',
      'logs',
      [
        {
          ...codex,
          result: 'missing',
          // A request that the provider refused, which was tried again.
          calls: [
            failed('gpt-5-codex', 'dependency_unavailable'),
            ...codexCalls.map((call) => ({ ...call, reasoning: 12 })),
          ],
          tools: codex.tools?.map((tool) => (tool === 'write_stdin' ? 'write_stdin tool_runtime' : tool)),
          policies: ['tool-permission:exec_command allow'],
          steps: undefined,
        },
      ].map(({ steps: _, ...run }) => run as Run),
    ],
  ])('%s: %s tell calls with their usage, tools and decisions', (client, file, runs) => {
    expect(runsOf(logEventsIn(client, `${file}.json`))).toEqual(runs)
    expect(runsOf(logEventsIn(client, `${file}.pb`))).toEqual(runs)
  })

  it('of Claude Code tell a call that failed', () => {
    const run = { result: 'missing', ...claude, calls: [failed('claude-sonnet-5', 'validation')] }
    expect(runsOf(logEventsIn('claude-code', 'error-logs.json'))).toEqual([run])
  })

  it.each([
    ['claude-code', 4, ['traces.json'], 4_846_400],
    ['codex', 107, ['traces-1.json', 'traces-2.json', 'traces-3.json'], 11_635_500],
  ])('%s: are paid once beside its spans, and say that %i records tell nothing', (client, leftOut, traces, nano) => {
    const spans = eventsIn(client, ...traces)
    const logs = logEventsIn(client, 'logs.json')
    const sums = [spans, logs, [...spans, ...logs], [...logs, ...spans, ...logs]].map(paid)
    expect(sums).toEqual([nano, nano, nano, nano])
    expect(logsIn(client, 'logs.json').leftOut).toBe(leftOut)
  })

  it('keep what was said only for a project that keeps content, on the span of the call', () => {
    const { groups, leftOut } = logsIn('otel-openai', 'content-logs.pb')
    expect([groups, leftOut]).toEqual([[], expect.any(Number)])
    const kept = logsIn('otel-openai', 'content-logs.pb', true)
    expect(kept.leftOut).toBe(0)
    const [first] = kept.groups.flatMap(({ events }) => events)
    expect(first).toMatchObject({
      event_type: 'agent.step.started',
      input: [{ role: 'system' }, { role: 'user', content: { content: expect.stringContaining('order') as string } }],
      output: [{ role: 'choice', content: { finish_reason: 'tool_calls' } }],
    })
  })
})

/** Three calls of gemini-2.5-flash (0.30, cached 0.03, out 2.50 dollars for a million), and a tool that finds no file. */
const gemini: Run = {
  result: 'missing',
  agent: 'gemini-cli',
  version: 'v24.21.0',
  session: expect.stringMatching(/^[0-9a-f-]{36}$/),
  provider: 'gcp.gemini',
  calls: [400, 450, 500].map((prompt) =>
    call('gemini-2.5-flash', prompt, 40, (prompt - 128) * 0.3 + 128 * 0.03 + 40 * 2.5, { reasoning: 12 }),
  ),
  tools: ['list_directory', 'read_file tool_runtime'],
}

describe('Gemini CLI', () => {
  it.each(['plain-', ''])('tells calls and tools by %slogs, each once, in the run of their prompt', (kind) => {
    expect(runsOf(logEventsIn('gemini-cli', `${kind}logs.json`))).toEqual([gemini])
  })

  // Spans count neither what was thought nor what came from a cache, and say of a tool that failed that it ran.
  it.each(['plain-', ''])('puts its %sspans into the same run, as its steps', (kind) => {
    const spans = eventsIn('gemini-cli', `${kind}traces.json`)
    const records = logEventsIn('gemini-cli', `${kind}logs.json`)
    expect(runsOf([...spans, ...records])).toEqual([{ ...gemini, steps: 7 }])
  })
})

/** What counters told of tokens, and what that costs. */
function counted(client: string, ...files: string[]) {
  const { events, leftOut } = metricEventsIn(client, ...files)
  const told = events.map((event) => [
    event.model ?? 'none',
    event.tokens_prompt ?? 0,
    event.tokens_cached ?? 0,
    event.tokens_cache_write ?? 0,
    event.tokens_completion ?? 0,
    priceOf(event, bundledBook)?.cost_nanousd ?? 0,
  ])
  return { told, leftOut, events }
}

describe('counters', () => {
  it.each<[string, string, (string | number)[][], number]>([
    [
      'claude-code',
      'metrics',
      [
        ['none', 0, 0, 0, 0, 0],
        ['claude-sonnet-5', 2000, 512, 256, 164, 4_846_400],
      ],
      0,
    ],
    ['claude-code', 'error-metrics', [['none', 0, 0, 0, 0, 0]], 0],
    // Of 165 points five count tokens; their total says nothing new.
    ['codex', 'metrics', [['gpt-5-codex', 6150, 1024, 0, 510, 11_635_500]], expect.any(Number) as number],
    // Of gpt-4o: 2.50 and 10 dollars for a million; of gpt-4o-mini 0.15 and 0.60. Cached tokens are not counted apart.
    [
      'otel-js',
      'metrics',
      [
        ['gpt-4o-2024-08-06', 1500, 0, 0, 123, 4_980_000],
        ['gpt-4o-mini-2024-07-18', 1500, 0, 0, 123, 298_800],
      ],
      2,
    ],
  ])('%s, %s: once, however often they are sent', (client, file, told, leftOut) => {
    expect(counted(client, `${file}.json`)).toMatchObject({ told, leftOut })
    expect(counted(client, `${file}.json`, `${file}.json`).told).toEqual(told)
  })

  it('of a run in protobuf say the same as its spans', () => {
    expect(counted('claude-code', 'metrics.pb').told.at(-1)).toEqual([
      'claude-sonnet-5',
      2000,
      512,
      256,
      164,
      4_846_400,
    ])
    const cost = counted('codex', 'metrics.pb').told.map((row) => row.at(-1))
    expect(cost).toEqual([11_635_500])
  })

  it('of Claude Code say what was done beside calls', () => {
    const [session] = counted('claude-code', 'metrics.json').events
    expect(session).toMatchObject({
      session_id: 'f8fdb575-738a-4f7e-90c5-f6c00c157fb6',
      user_id: expect.stringMatching(/^864ff0f7/) as string,
      agent_id: 'claude-code',
      attributes: { 'claude_code.session.count': 1, 'claude_code.active_time.total.cli': 0.884 },
    })
    expect(session?.attributes?.['claude_code.cost.usage']).toBeCloseTo(0.0072696)
  })
})
