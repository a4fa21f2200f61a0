import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../workers/contract/failure.ts'
import type { FailuresAnswer } from '../../workers/contract/trace.ts'
import { failureOf, messageRows, messages } from '../../web/src/lib/features/views/operations/messages.ts'
import { untold } from '../../web/src/lib/features/views/scope.ts'
import type { Ask } from '../../web/src/lib/features/views/ask.ts'
import { scopeFor as scopeAt } from '../support/view-scope.ts'

const scopeFor = (query: string) => scopeAt(query, Date.UTC(2026, 10, 20, 14, 37, 12))

const failure: FailuresAnswer['data'][number] = {
  error_type: 'tool_timeout',
  error_class: 'tooling',
  error_message_hash: '0123456789abcdef',
  step: 'act',
  tool_name: 'pay',
  model: null,
  traces: 3,
  first_at: '2026-11-20T09:00:00.000Z',
  last_at: '2026-11-20T10:00:00.000Z',
  last_trace_id: 't',
}
const bare = { ...failure, error_message_hash: null, step: null, tool_name: null, traces: 1 }

/** Asks with what the panel asked. */
async function load(query: string, answer: Partial<FailuresAnswer> = {}) {
  const asked: Record<string, string>[] = []
  const ask = {
    projectQuery: (_: unknown, path: string[], sent: Record<string, string>) => {
      asked.push({ path: path.slice(1).join('/'), ...sent })
      return Promise.resolve({ data: [failure], from: '', sampled: false, ...answer })
    },
  } as unknown as Ask
  const shaped = await messages.load(ask, scopeFor(query))
  return { shaped, asked }
}

describe('errors by message', () => {
  it('lead to the traces that failed just so', () => {
    const [row, least] = messageRows([failure, bare], scopeFor('range=24h'))
    expect(row?.cells).toEqual({
      message: '0123456789ab',
      type: 'tool_timeout',
      class: 'tooling',
      step: 'act',
      called: 'pay',
      traces: 3,
      first: Date.parse(failure.first_at),
      last: Date.parse(failure.last_at),
    })
    expect(row?.href).toBe(
      '/acme/traces?range=24h&project=first&failure_type=tool_timeout&failure_hash=0123456789abcdef&failure_step=act&failure_tool=pay',
    )
    expect(least?.href).toBe('/acme/traces?range=24h&project=first&failure_type=tool_timeout')
    expect(least?.cells).toMatchObject({ message: 'no message', step: '–', called: '–' })
  })

  it.each([
    ['', {}],
    ['tooling', { failure_class: 'tooling' }],
    ['tool_timeout', { failure_type: 'tool_timeout' }],
  ])('are narrowed by “%s”', async (chosen, filter) => {
    expect(failureOf(chosen)).toEqual(filter)
    const { shaped, asked } = await load(`range=24h&agent_id=desk&failure=${chosen}`)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ path: 'failures', agent_id: 'desk', ...filter })
    expect(Object.keys(asked[0] ?? {}).filter((name) => name.startsWith('failure'))).toEqual(Object.keys(filter))
    expect(shaped.controls?.[0]?.value).toBe(chosen)
  })

  it('offer every class and every type once', async () => {
    const { shaped } = await load('range=24h&failure=bad+luck')
    const options = shaped.controls?.[0]?.options.map(({ value }) => value) ?? []
    expect(shaped.controls?.[0]?.value).toBe('')
    expect(new Set(options).size).toBe(options.length)
    expect(options).toEqual(expect.arrayContaining(Object.keys(FAILURES)))
  })

  it('say what they leave out', async () => {
    expect((await load('range=24h')).shaped.note).toBeUndefined()
    expect((await load('range=24h', { sampled: true })).shaped.note).toBe('of the newest 50,000 traces')
    const { shaped } = await load('range=24h&agent_id=a&agent_id=b&user_id=u')
    expect(shaped.note).toBe('not narrowed by agent')
    expect(untold(scopeFor('workspace=w&project=second'))).toEqual(['not narrowed by workspace'])
    const none = await load('range=24h&failure=tooling', { data: [] })
    expect(none.shaped.empty).toBe('Nothing failed with tooling in this range.')
  })
})
