import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../../test/support/harness.ts'
import type { Watermark } from '../../workers/contract/batch.ts'
import { runLoad } from '../load/load.ts'
import type { JobResult } from '../load/generator.ts'
import type { Figure } from '../report.ts'
import type { Bench } from '../support/bench.ts'
import type { Server } from '../support/server-process.ts'
import { yardstick } from '../yardstick/yardstick.ts'

const SECTION = 'throughput'
const EVENTS_EACH = 100
const CONNECTIONS = 32
const DURABLE_REQUESTS = 3000
const WARM_REQUESTS = 200
const COUNTED_MS_MAX = 180_000
const BURST_SECONDS = 10
const BURST_SERIAL = 0x10000000
const DURABLE_SERIAL = 0x20000000

/** What one machine takes durably, what it accepts while nothing is consumed, and the bare runtime to compare with. */
export async function throughput(bench: Bench): Promise<Figure[]> {
  const bare = await yardstick(bench.port + 1, { seconds: 5, connections: CONNECTIONS, eventsEach: EVENTS_EACH })
  return [
    ...(await durable(bench)),
    ...(await accepted(bench)),
    {
      section: SECTION,
      name: 'yardstick: bare workerd, JSON.parse only',
      value: bare,
      unit: 'events/s',
      note: 'the workerd binary with one Worker, same bodies, same connections, same machine',
    },
  ]
}

const jobOf = (server: Server, key: string) => ({
  url: `${server.url}/v1/events`,
  key,
  connections: CONNECTIONS,
  eventsEach: EVENTS_EACH,
  expect: 202,
})

async function durable(bench: Bench): Promise<Figure[]> {
  const server = await bench.serve({})
  try {
    const tenant = await bench.tenant(server)
    const job = jobOf(server, tenant.key)
    const warm = await runLoad({ ...job, requests: WARM_REQUESTS, firstSerial: 0 })
    await untilCounted(tenant, warm.entries)
    const load = await runLoad({ ...job, requests: DURABLE_REQUESTS, firstSerial: DURABLE_SERIAL })
    await untilCounted(tenant, warm.entries + load.entries)
    const value = perSecond(load.events, load.startedMs, Date.now())
    const readable = await allReadable(tenant, load)
    return [
      {
        section: SECTION,
        name: 'durable: first send until counted and readable',
        value: readable ? value : null,
        unit: 'events/s',
        target: { at: 'least', value: 25_000 },
        note: readable
          ? `${load.events} events in 100-event batches of ${Math.round(bench.bodyBytes / 1000)} kB, journal on, ${refusals(load)}`
          : 'some sampled traces could not be read',
      },
      {
        section: SECTION,
        name: 'load generator CPU',
        value: load.cpuMs / (load.endedMs - load.startedMs),
        unit: 'cores',
        note: 'taken from the same machine',
      },
    ]
  } finally {
    await server.kill()
  }
}

/**
 * A burst into the journal and the queue. Consumers stand still meanwhile: on the platform they run elsewhere, here
 * they would share the one thread. Then workerd is killed, started with consumers, and every event must be counted.
 */
async function accepted(bench: Bench): Promise<Figure[]> {
  const dataDir = await bench.dataDir()
  let server = await bench.serve({ dataDir, consume: false })
  try {
    const { key, ...tenant } = await bench.tenant(server)
    const warm = await runLoad({ ...jobOf(server, key), requests: WARM_REQUESTS, firstSerial: 0 })
    const burst = await runLoad({ ...jobOf(server, key), seconds: BURST_SECONDS, firstSerial: BURST_SERIAL })
    await server.kill()
    server = await bench.serve({ dataDir })
    await untilCounted({ key, ...tenant }, warm.entries + burst.entries)
    return [
      {
        section: SECTION,
        name: `accepted in a burst of ${BURST_SECONDS} s`,
        value: perSecond(burst.events, burst.startedMs, burst.endedMs),
        unit: 'events/s',
        target: { at: 'least', value: 50_000 },
        note: `consumers held back, then killed and recovered: all ${burst.events} counted once; ${refusals(burst)}`,
      },
    ]
  } finally {
    await server.kill()
  }
}

function perSecond(events: number, fromMs: number, toMs: number): number {
  return (events * 1000) / (toMs - fromMs)
}

function refusals({ refused }: JobResult): string {
  const parts = Object.entries(refused).map(([status, n]) => `${n} × ${status}`)
  return parts.length === 0 ? 'none refused' : `refused and sent again: ${parts.join(', ')}`
}

type Tenant = Awaited<ReturnType<Bench['tenant']>>

/** Nothing behind the watermark, and as many ledger entries as were sent. */
async function untilCounted({ session, orgId, projectId }: Tenant, entries: number): Promise<void> {
  const untilMs = Date.now() + COUNTED_MS_MAX
  let found = 0
  while (Date.now() < untilMs) {
    const { body } = await call<Watermark>(session, 'GET', `/api/v1/projects/${projectId}/watermark`)
    if (body.events_behind === 0) {
      const spend = await call<{ data: { entries: number }[] }>(session, 'GET', `/api/v1/orgs/${orgId}/spend`)
      found = spend.body.data.reduce((sum, row) => sum + row.entries, 0)
      if (found === entries) return
    }
    await sleep(100)
  }
  throw new Error(`the ledger has ${found} of ${entries} entries after ${COUNTED_MS_MAX / 1000} s`)
}

async function allReadable({ session, projectId }: Tenant, { sampleTraceIds }: JobResult): Promise<boolean> {
  for (const id of sampleTraceIds) {
    const { status } = await call(session, 'GET', `/api/v1/projects/${projectId}/traces/${id}`)
    if (status !== 200) return false
  }
  return sampleTraceIds.length > 0
}
