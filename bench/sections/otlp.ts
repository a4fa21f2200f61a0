import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { tracesOfHour } from '../../examples/fleet/fleet.ts'
import { otelAgent } from '../../examples/fleet/otel.ts'
import { eventsOfSpans } from '../../workers/domain/otlp/mapper.ts'
import { decodeTraces } from '../../workers/domain/otlp/protobuf.ts'
import { makeTemplates } from '../load/bodies.ts'
import { Buffer } from '../load/buffer.ts'
import { Connection, postHead } from '../load/connection.ts'
import { percentile, type Figure } from '../report.ts'
import type { Bench } from '../support/bench.ts'

const SECTION = 'otlp'
const EVENTS_EACH = 100
const CONNECTIONS = 32
const ROUNDS = 7
const ROUND_MS = 2000
const WARM_MS = 3000
const HOUR_MS = 3_600_000

/** How many events a second are accepted as OTLP protobuf, against the same fleet's as JSON: in turns, nothing consumed. */
export async function otlp(bench: Bench): Promise<Figure[]> {
  const server = await bench.serve({ consume: false })
  try {
    const { key } = await bench.tenant(server)
    const spans = await exported()
    const native = jobOf(server.url, '/v1/events', key, 'application/json', makeTemplates(8, EVENTS_EACH, Date.now()))
    const protobuf = jobOf(server.url, '/v1/traces', key, 'application/x-protobuf', [spans])
    for (const job of [native, protobuf]) await rateOf(job, WARM_MS)
    const rates = { native: [] as number[], protobuf: [] as number[] }
    for (let i = 0; i < ROUNDS; i++) {
      rates.native.push(await rateOf(native, ROUND_MS))
      rates.protobuf.push(await rateOf(protobuf, ROUND_MS))
    }
    const [json = 0, otlpRate = 0] = [rates.native, rates.protobuf].map((all) => percentile(all, 0.5) ?? 0)
    const note = `${spans.spans} spans in ${Math.round(spans.bytes.length / 1000)} kB make ${spans.events} events; median of ${ROUNDS} turns`
    return [
      { section: SECTION, name: 'accepted as JSON', value: json, unit: 'events/s' },
      { section: SECTION, name: 'accepted as OTLP protobuf', value: otlpRate, unit: 'events/s', note },
      {
        section: SECTION,
        name: 'JSON against OTLP protobuf',
        value: json / otlpRate,
        unit: '×',
        target: { at: 'most', value: 2 },
      },
    ]
  } finally {
    await server.kill()
  }
}

interface Job {
  url: URL
  requests: { bytes: Buffer; events: number }[]
}

function jobOf(
  base: string,
  path: string,
  key: string,
  type: string,
  bodies: { bytes: Uint8Array; events: number }[],
): Job {
  const url = new URL(path, base)
  const requests = bodies.map(({ bytes, events }) => {
    const head = postHead(url, bytes.length, { authorization: `Bearer ${key}`, 'content-type': type })
    return { bytes: Buffer.concat([head, bytes]), events }
  })
  return { url, requests }
}

/** Events a second that were accepted, each connection asking again as soon as it is answered. */
async function rateOf({ url, requests }: Job, forMs: number): Promise<number> {
  const startedMs = performance.now()
  let events = 0
  const lane = async (first: number) => {
    const connection = new Connection(url)
    for (let i = first; performance.now() - startedMs < forMs; i++) {
      const request = requests[i % requests.length]
      if (request === undefined) return
      const { status, body } = await connection.send(request.bytes)
      if (status === 429 || status === 503) continue
      if (status !== 200 && status !== 202) throw new Error(`${status}: ${body.toString().slice(0, 200)}`)
      events += request.events
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => lane(i)))
  return (events * 1000) / (performance.now() - startedMs)
}

/** What the OpenTelemetry SDK sends for some traces of the fleet. */
async function exported(): Promise<{ bytes: Uint8Array; events: number; spans: number }> {
  const bodies: Promise<Uint8Array>[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const body = buffer(request).then((bytes) =>
      request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes,
    )
    bodies.push(body)
    void body.then(() => response.writeHead(200).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the collector has no port')
  const url = `http://127.0.0.1:${address.port}`
  const agent = otelAgent({ url, key: 'none', encoding: 'otlp-protobuf', service: 'bench' })
  let events = 0
  for (const trace of tracesOfHour(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS, {
    seed: 7,
    tracesPerDay: 20_000,
  })) {
    agent.record(trace)
    events += trace.spans.length
    if (events >= EVENTS_EACH - 10) break
  }
  await agent.flush()
  await agent.shutdown()
  server.close()
  const [bytes] = await Promise.all(bodies)
  if (bytes === undefined) throw new Error('the SDK sent nothing')
  const spans = decodeTraces(bytes)
  return { bytes, events: eventsOfSpans(spans, false).flat().length, spans: spans.length }
}
