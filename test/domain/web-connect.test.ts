import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../workers/contract/trace.ts'
import { methodsAt } from '../../workers/edge/routes.ts'
import { GROUPS, type Client } from '../../web/src/lib/features/connect/client.ts'
import { clientsOf, picked, toldBy } from '../../web/src/lib/features/connect/clients.ts'
import { found } from '../../web/src/lib/features/connect/listed.ts'
import { eventsIn } from '../support/clients.ts'

const ORIGIN = 'https://agents.example'
const KEY = 'ao_eu_0123456789abcdef'
const clients = clientsOf({
  nowMs: Date.parse('2026-11-28T12:00:00Z'),
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
})
const linesOf = (client: Client, key: string | null) =>
  client
    .steps({ origin: ORIGIN, key })
    .map(({ code }) => code)
    .join('\n')
/** What of our addresses a client's lines name, without the key of a DSN. */
const pathsIn = (lines: string) =>
  [...lines.matchAll(/https:\/\/(?:[^\s@"'`]+@)?agents\.example([^\s"'`]*)/g)].map(([, path = '']) => path)

/** Where lines name what comes before the addresses: the project of an envelope, a part of each path. */
const BASES: Partial<Record<string, string[]>> = { sentry: ['/1'], opik: ['/api'] }

describe('the clients that can be connected', () => {
  it('have names of their own, each in a group', () => {
    expect(new Set(clients.map(({ id }) => id)).size).toBe(clients.length)
    expect(new Set(clients.map(({ name }) => name)).size).toBe(clients.length)
    expect(new Set(clients.map(({ group }) => group))).toEqual(new Set(GROUPS))
  })

  it.each(clients.map((client) => [client.id, client] as const))(
    '%s posts to addresses that the edge serves, and its lines name no other',
    (id, client) => {
      expect(client.posts.length).toBeGreaterThan(0)
      for (const path of client.posts) expect(methodsAt(path), path).toHaveProperty('POST')
      const named = pathsIn(linesOf(client, KEY))
      expect(named.length).toBeGreaterThan(0)
      const known = ['', ...(BASES[id] ?? client.posts)]
      expect(named.filter((path) => !known.includes(path))).toEqual([])
    },
  )

  it.each(clients.map((client) => [client.id, client] as const))(
    '%s has the key in its lines, or a place for it',
    (_, client) => {
      expect(linesOf(client, null)).toContain('AGENTOPS_KEY')
      expect(linesOf(client, null)).not.toMatch(/ao_[a-z]|null|undefined/)
      expect(linesOf(client, KEY)).toContain(KEY)
      expect(linesOf(client, KEY).replace(`AGENTOPS_KEY="${KEY}"`, '')).not.toContain('AGENTOPS_KEY')
      // A variable within single quotes would be sent as its name.
      expect(linesOf(client, null)).not.toMatch(/'[^'\n]*\$AGENTOPS_KEY/)
    },
  )

  it('are picked by the address, also by the names that links once had', () => {
    const at = (query: string) => picked(clients, new URLSearchParams(query))?.id
    expect(['', 'client=codex', 'client=nope', 'with=node', 'with=environment', 'with=curl'].map(at)).toEqual([
      'curl',
      'codex',
      'curl',
      'opentelemetry-node',
      'opentelemetry',
      'curl',
    ])
  })

  it('are found by parts of words', () => {
    const listed = clients.map(({ id, name, group, words = '' }) => ({ id, name, group, words }))
    const ids = (typed: string) => found(listed, typed).map(({ id }) => id)
    expect(ids('')).toHaveLength(clients.length)
    expect(ids('langgraph')).toEqual(['langsmith'])
    expect(ids('  LANGFUSE 3 ')).toEqual(['langfuse-3'])
    expect(ids('anthropic terminal')).toEqual(['claude-code'])
    expect(ids('fortran')).toEqual([])
  })
})

describe('who told of a trace', () => {
  it.each([
    ['claude-code', 'traces.json', 'Claude Code'],
    ['codex', 'traces-1.pb', 'Codex'],
    ['vercel-ai', 'traces.json', 'Vercel AI SDK 6'],
    ['vercel-ai-7', 'traces.json', 'Vercel AI SDK 7'],
    ['langfuse-otel', 'traces.json', 'Langfuse 5'],
    ['openinference', 'traces.pb', 'OpenInference'],
    ['langsmith', 'traces.pb', 'LangChain, LangGraph (LangSmith)'],
    ['otel-openai', 'traces.pb', 'OpenTelemetry, any language'],
    ['anthropic-otel', 'traces.pb', 'OpenTelemetry, any language'],
    ['gemini-cli', 'traces.json', 'Gemini CLI'],
  ] as const)('%s is known by its recorded %s: %s', (client, file, name) => {
    const events = eventsIn(client, file) as unknown as TraceEvent[]
    expect(toldBy(clients, events)).toBe(name)
  })

  it.each([
    ['opik', 'Opik'],
    ['langfuse', 'Langfuse 3'],
    ['posthog', 'PostHog'],
  ])('is known by the protocol %s: %s', (mark, name) => {
    const event = { event_type: 'agent.retry', timestamp: '', trace_id: 't', span_id: 's' }
    expect(toldBy(clients, [{ ...event, attributes: { 'agentops.client': mark } }])).toBe(name)
  })

  it('is not known of events by hand', () => {
    const event = { event_type: 'agent.retry', timestamp: '', trace_id: 't', span_id: 's' }
    expect(toldBy(clients, [event, { ...event, attributes: { 'otel.scope.name': 'somebody-else' } }])).toBeNull()
    expect(toldBy(clients, [])).toBeNull()
  })
})
