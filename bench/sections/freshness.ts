import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../../test/support/harness.ts'
import type { LiveMessage } from '../../workers/contract/live.ts'
import type { Watermark } from '../../workers/contract/batch.ts'
import { makeTemplates, SERIAL_DIGITS, serialOf, stamp } from '../load/bodies.ts'
import { Buffer } from '../load/buffer.ts'
import { percentile, type Figure } from '../report.ts'
import type { Bench, BenchTenant } from '../support/bench.ts'
import { costFigures, meter } from './cost.ts'

const SECTION = 'freshness'
const EVENTS_PER_SECOND = 1000
const EVENTS_EACH = 75
const SECONDS = 65
const QUICK_SECONDS = 20
/** One batch in so many is looked up through the API until it is there. */
const LOOKED_UP_EACH = 8
const LOOK_UP_MS = 40
const TARGET_MS = 2000
const BEHIND_MS_MAX = 60_000

interface Samples {
  api: number[]
  live: number[]
}

/** A steady 1,000 events/s: how soon they are seen, and what they would cost on Cloudflare. */
export async function freshness(bench: Bench): Promise<Figure[]> {
  const dataDir = await bench.dataDir()
  // As deployed: only batches over the queue's message size are journaled.
  const server = await bench.serve({ dataDir, front: 'counting', vars: { INGEST_JOURNAL: 'large' } })
  try {
    const tenant = await bench.tenant(server)
    const samples: Samples = { api: [], live: [] }
    const seen = new Map<string, number>()
    const socket = await watch(server.url, tenant, seen)
    const metered = await meter(server, dataDir)
    const events = await steadyLoad(server.url, tenant, bench.quick ? QUICK_SECONDS : SECONDS, samples, seen)
    await untilNothingBehind(tenant)
    socket.close()
    const cost = await metered.end(events)
    const note = `${samples.api.length} traces looked up, ${samples.live.length} batches seen live, of ${events} events`
    const figure = (name: string, values: number[], q: number): Figure => ({
      section: SECTION,
      name,
      value: percentile(values, q),
      unit: 'ms',
      ...(q > 0.5 && { target: { at: 'most', value: TARGET_MS } }),
      note,
    })
    return [
      figure('accepted to visible by API, p50', samples.api, 0.5),
      figure('accepted to visible by API, p95', samples.api, 0.95),
      figure('accepted to visible live, p50', samples.live, 0.5),
      figure('accepted to visible live, p95', samples.live, 0.95),
      ...costFigures(cost),
    ]
  } finally {
    await server.kill()
  }
}

/** Notes when the first event of each batch comes over the WebSocket. */
async function watch(url: string, { projectId, key }: BenchTenant, seen: Map<string, number>): Promise<WebSocket> {
  const address = `${url.replace('http', 'ws')}/api/v1/projects/${projectId}/live`
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } } as unknown as string[])
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as LiveMessage
    if (message.type !== 'events') return
    for (const { trace_id } of message.events) {
      const serial = trace_id.slice(0, SERIAL_DIGITS)
      if (!seen.has(serial)) seen.set(serial, Date.now())
    }
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error('the live feed refused the WebSocket')))
  })
  return socket
}

async function steadyLoad(
  url: string,
  tenant: BenchTenant,
  seconds: number,
  samples: Samples,
  seen: Map<string, number>,
): Promise<number> {
  const templates = makeTemplates(48, EVENTS_EACH, Date.now())
  const batches = Math.round((seconds * EVENTS_PER_SECOND) / EVENTS_EACH)
  const startMs = Date.now()
  const acknowledged = new Map<string, number>()
  const running: Promise<void>[] = []
  for (let serial = 0; serial < batches; serial++) {
    const waitMs = startMs + (serial * EVENTS_EACH * 1000) / EVENTS_PER_SECOND - Date.now()
    if (waitMs > 0) await sleep(waitMs)
    const template = templates[serial % templates.length]
    if (template === undefined) continue
    const body = Buffer.alloc(template.bytes.length)
    stamp(template, serial, body, 0)
    running.push(
      post(url, tenant.key, body).then(async () => {
        const ackMs = Date.now()
        acknowledged.set(serialOf(serial), ackMs)
        if (serial % LOOKED_UP_EACH !== 0) return
        await untilReadable(tenant, serialOf(serial) + (template.traceIds[0] ?? ''))
        samples.api.push(Date.now() - ackMs)
      }),
    )
  }
  await Promise.all(running)
  await sleep(2000)
  for (const [serial, ackMs] of acknowledged) {
    const seenMs = seen.get(serial)
    if (seenMs !== undefined) samples.live.push(Math.max(0, seenMs - ackMs))
  }
  return batches * EVENTS_EACH
}

async function post(url: string, key: string, body: Uint8Array): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: body as BodyInit })
  const text = await answer.text()
  if (answer.status !== 202) throw new Error(`/v1/events answered ${answer.status}: ${text.slice(0, 300)}`)
}

async function untilReadable({ session, projectId }: BenchTenant, traceId: string): Promise<void> {
  for (;;) {
    const { status } = await call(session, 'GET', `/api/v1/projects/${projectId}/traces/${traceId}`)
    if (status === 200) return
    if (status !== 404) throw new Error(`the trace answered ${status}`)
    await sleep(LOOK_UP_MS)
  }
}

async function untilNothingBehind({ session, projectId }: BenchTenant): Promise<void> {
  const untilMs = Date.now() + BEHIND_MS_MAX
  while (Date.now() < untilMs) {
    const { body } = await call<Watermark>(session, 'GET', `/api/v1/projects/${projectId}/watermark`)
    if (body.events_behind === 0) return
    await sleep(200)
  }
  throw new Error('events stayed behind the watermark')
}
