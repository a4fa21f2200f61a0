import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { startServer, type Server } from '../../bench/support/server-process.ts'
import { randomOf } from '../../examples/fleet/random.ts'
import { freePort } from '../../scripts/runtime/port.ts'
import { createAgentOps, type AgentEvent } from '../../sdk/src/index.ts'
import { SpendAnswer } from '../../workers/contract/api.ts'
import type { Tenant } from '../../workers/contract/tenant.ts'
import { createTenant, expectCall, newTraceId, watermark } from '../support/harness.ts'
import { faultyProxy } from '../support/faulty-proxy.ts'

const EVENTS = 100_000
const EVENTS_OF_TRACE = 100
/** Of so many events one is a call of a model, and each of those costs something else; the others are calls of tools. */
const EVENTS_OF_CALL = 5
const FAILING = 0.3
const KILLED_AT = [0.3, 0.65]
const WAITING_MAX = 15_000
const SEED = 20_261_128

function* events(now: number): Generator<{ event: AgentEvent; nano: bigint }> {
  const random = randomOf(SEED, 'costs')
  let trace_id = ''
  for (let n = 0; n < EVENTS; n++) {
    if (n % EVENTS_OF_TRACE === 0) trace_id = newTraceId()
    const common = { timestamp: now, trace_id, span_id: `span-${n % EVENTS_OF_TRACE}`, agent_id: 'sdk' }
    if (n % EVENTS_OF_CALL > 0) {
      yield { nano: 0n, event: { ...common, event_type: 'agent.tool.called', tool_name: 'search' } }
      continue
    }
    const nano = random.integer(1, 2_000_000)
    const cost_usd = `0.${String(nano).padStart(9, '0')}`
    const call = { event_type: 'agent.step.completed', provider: 'openai', model: 'gpt-4o', cost_usd } as const
    yield { nano: BigInt(nano), event: { ...common, ...call } }
  }
}

it('counts 100,000 events once through a server that fails and is killed twice', { timeout: 300_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'agentops-sdk-'))
  const port = await freePort('127.0.0.1', 0)
  let server = await startServer({ port, dataDir })
  const proxy = await faultyProxy(port, FAILING, randomOf(SEED, 'faults'))
  try {
    const { session, org, projectId, key } = await createTenant(server.url)
    const agent = createAgentOps({ url: proxy.url, key, batchEvents: 1000, exitHooks: false })
    let nano = 0n
    let sent = 0
    const kills = KILLED_AT.map((share) => share * EVENTS)
    for (const { event, nano: cost } of events(Date.now())) {
      agent.send(event)
      nano += cost
      sent++
      while (agent.stats.pending > WAITING_MAX) await sleep(5)
      if (agent.stats.accepted >= (kills[0] ?? Infinity)) {
        kills.shift()
        await server.kill()
        server = await startServer({ port, dataDir })
      }
    }
    expect(await agent.flush(150_000)).toBe(true)
    expect({ sent, kills, ...agent.stats }).toEqual({
      sent: EVENTS,
      kills: [],
      accepted: EVENTS,
      pending: 0,
      dropped: {},
    })
    expect(proxy.failed / proxy.requests).toBeGreaterThan(FAILING / 2)
    expect(proxy.taken).toBeGreaterThan(0)

    const [tenant] = await ask<Tenant>(
      server,
      'CONTROL',
      `SELECT id AS org_id, cell, shard FROM organization WHERE id = '${org.id}'`,
    )
    const shard = `DATA_${tenant?.cell.toUpperCase()}_${tenant?.shard}`
    const sums = `SELECT count(*) AS entries, CAST(sum(cost_nanousd) AS TEXT) AS nano FROM ledger WHERE project_id = '${projectId}'`
    const traces = `SELECT count(*) AS traces, sum(events) AS events FROM trace WHERE project_id = '${projectId}'`
    await vi.waitFor(
      async () => {
        await server.ask({ do: 'cron', cron: '* * * * *' })
        expect(await watermark(session, projectId)).toMatchObject({ events_behind: 0, lost: 0 })
        expect(await ask(server, shard, sums)).toEqual([{ entries: EVENTS / EVENTS_OF_CALL, nano: String(nano) }])
      },
      { timeout: 60_000, interval: 500 },
    )
    expect(await ask(server, shard, traces)).toEqual([{ traces: EVENTS / EVENTS_OF_TRACE, events: EVENTS }])
    const day = 86_400_000
    const range = new URLSearchParams({
      from: new Date(Date.now() - day).toISOString(),
      to: new Date(Date.now() + day).toISOString(),
      group_by: 'agent',
    })
    const spend = await expectCall(session, 'GET', `/api/v1/orgs/${org.id}/spend?${range.toString()}`, {
      status: 200,
      schema: SpendAnswer,
    })
    expect(spend.total_cost_usd).toBe(usd(nano))
    await server.stop()
  } finally {
    await proxy.close()
    await server.kill()
    await rm(dataDir, { recursive: true, force: true })
  }
})

const ask = <T>(server: Server, database: string, sql: string) => server.ask<T[]>({ do: 'sql', database, sql })

function usd(nano: bigint): string {
  const digits = nano.toString().padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
