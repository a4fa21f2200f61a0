import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomOf } from '../../examples/fleet/random.ts'
import { freePort } from '../../scripts/runtime/port.ts'
import { createTenant } from '../../test/support/harness.ts'
import type { Cell, Tenant } from '../../workers/contract/tenant.ts'
import { startServer, type Server } from '../support/server-process.ts'
import { startSender, type Sender } from './sender.ts'
import { usdOf } from './totals.ts'
import { differences, type ChaosTenant } from './verify.ts'

export interface ChaosOptions {
  kills: number
  seed: number
  /** 0 takes any free port. */
  port: number
  /** Clients of each tenant that send at once. */
  lanes: number
  /** A server lives between these times under load before it is killed. */
  lifeMs: [number, number]
  cells: Cell[]
  log(line: string): void
}

export interface ChaosReport {
  seed: number
  kills: number
  tenants: {
    cell: Cell
    events: number
    batches: number
    entries: number
    cost_usd: string
    retried: number
    repeated: number
  }[]
  /** Empty when every acknowledged event was counted exactly once. */
  differences: string[]
  seconds: number
}

const DRAIN_MS_MAX = 150_000

/** Load, random `kill -9`, restart, drain; then compares the books with what was sent. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startMs = Date.now()
  const dataDir = await mkdtemp(join(tmpdir(), 'agentops-chaos-'))
  const port = await freePort('127.0.0.1', options.port)
  const start = () => startServer({ port, dataDir })
  let server = await start()
  try {
    const tenants = await Promise.all(options.cells.map((cell) => openTenant(server, cell)))
    const senders = tenants.map((tenant, i) => ({
      ...tenant,
      sender: startSender({
        url: server.url,
        key: tenant.key,
        seed: options.seed,
        name: `tenant ${i}`,
        lanes: options.lanes,
      }),
    }))
    const random = randomOf(options.seed, 'kills')
    for (let kill = 1; kill <= options.kills; kill++) {
      const lifeMs = random.integer(...options.lifeMs)
      await sleep(lifeMs)
      await server.kill()
      options.log(`kill ${kill} of ${options.kills} after ${lifeMs} ms: ${summary(senders)}`)
      server = await start()
    }
    await sleep(options.lifeMs[0])
    await Promise.all(senders.map(({ sender }) => sender.finish()))
    options.log(`all acknowledged: ${summary(senders)}`)
    const found = await drained(
      server,
      senders.map(({ sender, ...tenant }) => ({ ...tenant, totals: sender.totals })),
    )
    await server.stop()
    return report(options, startMs, found, senders)
  } finally {
    await server.kill()
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface Opened extends Omit<ChaosTenant, 'totals'> {
  key: string
}

async function openTenant(server: Server, cell: Cell): Promise<Opened> {
  const { session, org, projectId, key } = await createTenant(server.url, cell)
  const sql = `SELECT id AS org_id, cell, shard FROM organization WHERE id = '${org.id}'`
  const [tenant] = await server.ask<Tenant[]>({ do: 'sql', database: 'CONTROL', sql })
  if (tenant === undefined) throw new Error('the organization is not in the control database')
  return { session, projectId, key, tenant }
}

/** Lets the jobs of the recovery run until the books agree or the time is over; returns what still differs. */
async function drained(server: Server, tenants: ChaosTenant[]): Promise<string[]> {
  const untilMs = Date.now() + DRAIN_MS_MAX
  for (;;) {
    const found = (await Promise.all(tenants.map((tenant) => differences(server, tenant)))).flat()
    if (found.length === 0 || Date.now() > untilMs) return found
    await sleep(1000)
    await server.ask({ do: 'cron', cron: '* * * * *' })
  }
}

function summary(senders: { sender: Sender }[]): string {
  const sum = (pick: (sender: Sender) => number) => senders.reduce((total, { sender }) => total + pick(sender), 0)
  return `${sum((s) => s.totals.events)} events acknowledged in ${sum((s) => s.totals.batches)} batches, ${sum((s) => s.retried)} sent again`
}

function report(
  options: ChaosOptions,
  startMs: number,
  found: string[],
  senders: (Opened & { sender: Sender })[],
): ChaosReport {
  return {
    seed: options.seed,
    kills: options.kills,
    tenants: senders.map(({ tenant, sender }) => ({
      cell: tenant.cell,
      events: sender.totals.events,
      batches: sender.totals.batches,
      entries: sender.totals.total.entries,
      cost_usd: usdOf(sender.totals.total.cost),
      retried: sender.retried,
      repeated: sender.repeated,
    })),
    differences: found,
    seconds: Math.round((Date.now() - startMs) / 1000),
  }
}
