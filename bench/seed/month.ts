import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../../test/support/harness.ts'
import type { Watermark } from '../../workers/contract/batch.ts'
import type { Bench, BenchTenant } from '../support/bench.ts'
import type { Server } from '../support/server-process.ts'
import { sendHistory } from './history.ts'
import { multiply } from './multiply.ts'

const SETTLED_MS_MAX = 240_000

/** A server that holds a tenant's busy month. */
export interface Month {
  tenant: BenchTenant
  /** Makes the month so many times as busy; the server starts anew for it. */
  multiply(times: number): Promise<void>
  end(): Promise<void>
}

/** Sends about so many events of the last 30 days through the edge, and waits until they are merged and archived. */
export async function sendMonth(bench: Bench, events: number): Promise<Month> {
  const dataDir = await bench.dataDir()
  let server = await bench.serve({ dataDir, withWeb: true })
  try {
    const tenant = await bench.tenant(server)
    await sendHistory(server.url, tenant.key, events)
    await settle(server, tenant)
    return {
      tenant,
      async multiply(times) {
        await server.stop()
        multiply(dataDir, tenant.projectId, times)
        server = await bench.serve({ dataDir, withWeb: true })
        await settle(server, tenant)
      },
      end: () => server.kill(),
    }
  } catch (error) {
    await server.kill()
    throw error
  }
}

/** Everything applied, merged into rollups and archived, as it would be an hour later. */
async function settle(server: Server, { session, projectId }: BenchTenant): Promise<void> {
  const untilMs = Date.now() + SETTLED_MS_MAX
  for (;;) {
    const { body } = await call<Watermark>(session, 'GET', `/api/v1/projects/${projectId}/watermark`)
    if (body.events_behind === 0) break
    if (Date.now() > untilMs) throw new Error(`${body.events_behind} events stayed behind the watermark`)
    await sleep(500)
  }
  for (const cron of ['* * * * *', '7 * * * *']) await server.ask({ do: 'cron', cron })
}
