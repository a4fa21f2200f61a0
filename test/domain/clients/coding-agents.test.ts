import { describe, expect, it } from 'vitest'
import { call, claudeLoop, failed, SONNET_5 } from '../../support/client-runs.ts'
import { eventsIn, runsOf, type Call, type Run } from '../../support/clients.ts'

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
