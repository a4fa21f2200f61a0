import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../../test/support/harness.ts'
import type { Watermark } from '../../workers/contract/batch.ts'
import { runLoad } from '../load/load.ts'
import type { JobResult } from '../load/generator.ts'
import type { Figure } from '../report.ts'
import type { Bench } from '../support/bench.ts'
import { yardstick } from '../yardstick/yardstick.ts'

const SECTION = 'throughput'
const EVENTS_EACH = 100
const CONNECTIONS = 8
const DURABLE_REQUESTS = 3000
const WARM_REQUESTS = 200
const COUNTED_MS_MAX = 180_000
const BURST_SERIAL = 0x10000000
const DURABLE_SERIAL = 0x20000000

/** Durable first, on an empty store; the burst leaves a backlog that nobody waits for. */
export async function throughput(bench: Bench): Promise<Figure[]> {
  const bare = await yardstick(bench.port + 1, { seconds: 5, connections: CONNECTIONS, eventsEach: EVENTS_EACH })
  const server = await bench.serve({})
  const tenant = await bench.tenant(server)
  const job = {
    url: `${server.url}/v1/events`,
    key: tenant.key,
    connections: CONNECTIONS,
    eventsEach: EVENTS_EACH,
    expect: 202,
  }
  try {
    const warm = await runLoad({ ...job, requests: WARM_REQUESTS, firstSerial: 0 })
    await untilCounted(tenant, warm.entries)
    const load = await runLoad({ ...job, requests: DURABLE_REQUESTS, firstSerial: DURABLE_SERIAL })
    await untilCounted(tenant, warm.entries + load.entries)
    const readable = await allReadable(tenant, load)
    const durable = perSecond(load.events, load.startedMs, Date.now())
    const burst = await runLoad({ ...job, seconds: 10, firstSerial: BURST_SERIAL })
    const accepted = perSecond(burst.events, burst.startedMs, burst.endedMs)
    return [
      {
        section: SECTION,
        name: 'accepted in a burst of 10 s',
        value: accepted,
        unit: 'events/s',
        target: { at: 'least', value: 50_000 },
        note: `100-event batches of ${Math.round(bench.bodyBytes / 1000)} kB, ${refusals(burst)}`,
      },
      {
        section: SECTION,
        name: 'durable: first send until counted and readable',
        value: readable ? durable : null,
        unit: 'events/s',
        target: { at: 'least', value: 25_000 },
        note: readable
          ? `${load.events} events, journal on, ${refusals(load)}`
          : 'some sampled traces could not be read',
      },
      {
        section: SECTION,
        name: 'yardstick: bare workerd, JSON.parse only',
        value: bare,
        unit: 'events/s',
        note: 'the workerd binary with one Worker, same bodies, same connections, same machine',
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
