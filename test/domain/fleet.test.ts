import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sendEvents } from '../../examples/fleet/client.ts'
import { HOUR_MS } from '../../examples/fleet/calendar.ts'
import { hoursOfHistory, tracesOfHour } from '../../examples/fleet/fleet.ts'
import { isBadRelease, isProviderOutage } from '../../examples/fleet/incidents.ts'
import { MODELS } from '../../examples/fleet/models.ts'
import { eventsOf } from '../../examples/fleet/native.ts'
import { otelAgent } from '../../examples/fleet/otel.ts'
import { bundledBook } from '../../workers/adapters/prices/bundled.ts'
import { EventInput, type CanonicalEvent } from '../../workers/contract/event.ts'
import { FAILURES } from '../../workers/contract/failure.ts'
import { LEAKS } from '../../workers/contract/metrics.ts'
import { errorTypeOf } from '../../workers/domain/failure.ts'
import { leakFinder } from '../../workers/domain/leak.ts'
import { priceOf } from '../../workers/domain/ledger.ts'
import { flattenTraces } from '../../workers/domain/otlp/json.ts'
import { eventsOfSpans } from '../../workers/domain/otlp/mapper.ts'

const NOW_MS = Date.parse('2026-11-23T12:30:00Z')
const OPTIONS = { seed: 1, tracesPerDay: 300 }
const HOURS = hoursOfHistory(NOW_MS, 30)
const TRACES = HOURS.flatMap((hour) => tracesOfHour(hour, OPTIONS))
const EVENTS = TRACES.flatMap(eventsOf)

describe('the demo fleet', () => {
  it('is the same for one seed, whenever it is asked', () => {
    const hour = Date.parse('2026-11-20T10:00:00Z')
    expect(tracesOfHour(hour, OPTIONS)).toEqual(tracesOfHour(hour, OPTIONS))
    expect(tracesOfHour(hour, { ...OPTIONS, seed: 2 })).not.toEqual(tracesOfHour(hour, OPTIONS))
    const later = hoursOfHistory(NOW_MS + 5 * HOUR_MS, 30)
    expect(later.slice(0, HOURS.length)).toEqual(HOURS)
    expect(HOURS.at(-1)).toBe(Date.parse('2026-11-23T11:00:00Z'))
  })

  it('gives every event and trace an identity of its own', () => {
    expect(new Set(TRACES.map((t) => t.id)).size).toBe(TRACES.length)
    const keys = EVENTS.map((e) => `${e.event_type} ${e.trace_id} ${e.span_id} ${e.timestamp} ${String(e['attempt'])}`)
    expect(new Set(keys).size).toBe(EVENTS.length)
  })

  it('sends valid events, about a dozen a trace, a quarter of them with a cost', () => {
    for (const event of EVENTS.slice(0, 3000)) expect(EventInput.safeParse(event).error).toBeUndefined()
    expect(EVENTS.length / TRACES.length).toBeGreaterThan(10)
    expect(EVENTS.length / TRACES.length).toBeLessThan(14)
    const bearing = EVENTS.filter((e) => e['tokens_prompt'] !== undefined).length / EVENTS.length
    expect(bearing).toBeGreaterThan(0.2)
    expect(bearing).toBeLessThan(0.3)
  })

  it('shows every failure of the taxonomy, in spellings that map to it', () => {
    const failures = TRACES.flatMap((t) => [t.failure, ...t.spans.map((s) => s.failure)]).filter((f) => f !== undefined)
    expect(new Set(failures.map((f) => f.name))).toEqual(new Set(Object.keys(FAILURES)))
    for (const { raw, name } of failures) if (raw !== '529') expect([raw, errorTypeOf(raw)]).toEqual([raw, name])
  })

  it('holds each incident once in thirty days', () => {
    const hit = (test: (atMs: number) => boolean) => TRACES.filter((t) => test(t.startMs))
    const outage = hit((at) => isProviderOutage(at, 'anthropic'))
    const release = hit((at) => isBadRelease(at, 'ticket-triage', 'v2')).filter(
      (t) => t.workflow === 'ticket-triage' && t.version === 'v2',
    )
    expect(outage.filter((t) => t.marks.some((m) => m.kind === 'fallback')).length).toBeGreaterThan(5)
    expect(release.filter((t) => t.status === 'error').length / release.length).toBeGreaterThan(0.3)
  })

  it('has weekly and daily seasons, and a few users who do most', () => {
    const of = (test: (date: Date) => boolean) => TRACES.filter((t) => test(new Date(t.startMs))).length
    expect(of((d) => d.getUTCDay() === 0)).toBeLessThan(of((d) => d.getUTCDay() === 3) / 2)
    expect(of((d) => d.getUTCHours() === 3)).toBeLessThan(of((d) => d.getUTCHours() === 10) / 5)
    const users = new Map<string, number>()
    for (const { user } of TRACES) users.set(user, (users.get(user) ?? 0) + 1)
    expect(users.size).toBe(200)
    expect(Math.max(...users.values())).toBeGreaterThan((3 * TRACES.length) / 200)
  })

  it('uses models that the catalogue prices, but for one unknown and one that reports its own cost', () => {
    const unpriced = Object.values(MODELS).filter((m) => bundledBook.rates(m.provider, m.model, NOW_MS) === null)
    expect(unpriced.map((m) => m.model)).toEqual([MODELS.house.model, MODELS.metered.model])
    const reported = EVENTS.filter((e) => e['cost_usd'] !== undefined && e['model'] !== undefined)
    expect(reported.length).toBeGreaterThan(100)
    expect(reported.every((e) => e['model'] === MODELS.metered.model)).toBe(true)
  })

  it('leaks money in every way, and little of it', () => {
    const amounts = new Map<string, number>()
    let paid = 0
    for (const trace of TRACES) {
      const find = leakFinder()
      for (const { cost_usd, ...event } of eventsOf(trace)) {
        const nano = cost_usd === undefined ? undefined : Math.round(Number(cost_usd) * 1e9)
        const sent = { ...event, ...(nano !== undefined && { cost_nanousd: nano }) } as unknown as CanonicalEvent
        const priced = priceOf(sent, bundledBook)
        const leaked = find(sent, priced)
        paid += priced?.cost_nanousd ?? 0
        if (leaked !== null) amounts.set(leaked.leak, (amounts.get(leaked.leak) ?? 0) + leaked.nanousd)
      }
    }
    expect([...amounts.keys()].sort()).toEqual([...LEAKS].sort())
    const leaked = [...amounts.values()].reduce((a, b) => a + b, 0)
    expect(leaked / paid).toBeGreaterThan(0.02)
    expect(leaked / paid).toBeLessThan(0.1)
  })

  it('tells the same calls, tokens and failures through the OpenTelemetry SDK', async () => {
    const traces = TRACES.filter((t) => t.instrumentation === 'otlp-json').slice(0, 40)
    const bodies = await receive(async (url) => {
      const agent = otelAgent({ url, key: 'k', encoding: 'otlp-json', service: 'code-reviewer' })
      for (const trace of traces) agent.record(trace)
      await agent.flush()
      await agent.shutdown()
    })
    const seen = bodies.flatMap((body) => eventsOfSpans(flattenTraces(JSON.parse(body)), false).flat())
    const tokens = (events: object[]) =>
      (events as { tokens_prompt?: number; tokens_cached?: number }[])
        .map((e) => [e.tokens_prompt ?? 0, e.tokens_cached ?? 0])
        .filter(([prompt]) => prompt !== 0)
        .sort()
    expect(tokens(seen)).toEqual(tokens(traces.flatMap(eventsOf)))
    const ends = (events: { event_type: string; trace_id: string; timestamp: unknown; workflow_version?: unknown }[]) =>
      events
        .filter((e) => e.event_type === 'agent.request.completed')
        .map((e) => [e.trace_id, e.timestamp, e.workflow_version])
    expect(ends(seen).sort()).toEqual(ends(traces.flatMap(eventsOf) as never).sort())
  })

  it('waits as long as a 429 asks, then sends the same batch again', async () => {
    const startMs = Date.now()
    const bodies = await receive((url) => sendEvents({ url, key: 'k' }, EVENTS.slice(0, 5)), [429])
    expect(bodies).toHaveLength(2)
    expect(bodies[0]).toBe(bodies[1])
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(990)
  })
})

/** The bodies that a server gets while `send` runs; it refuses the first requests with these statuses. */
async function receive(send: (url: string) => Promise<void>, refusals: number[] = []): Promise<string[]> {
  const bodies: string[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void buffer(request).then((bytes) => {
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
      bodies.push(new TextDecoder().decode(text))
      const refusal = refusals.shift()
      const accepted = request.url === '/v1/traces' ? 200 : 202
      response.writeHead(refusal ?? accepted, {
        'content-type': 'application/json',
        ...(refusal && { 'retry-after': '1' }),
      })
      response.end(JSON.stringify({ accepted: 1, rejected: [], receipt_id: null }))
    })
  })
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  try {
    await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
  return bodies
}
