import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../scripts/runtime/port.ts'
import { call, createKey, createTenant, expectCall } from '../../test/support/harness.ts'
import { Budget } from '../../workers/contract/budget.ts'
import type { Tenant } from '../../workers/contract/tenant.ts'
import { startServer, type Server } from '../support/server-process.ts'
import { look, newFleet, runAgents, type GuardFleet } from './guard-agents.ts'
import { guardClient, type GuardClient } from './guard-client.ts'
import { booksOf, guardDifferences, type GuardTenant } from './guard-verify.ts'
import { usdOf } from './totals.ts'

export interface GuardChaosOptions {
  agents: number
  /** Pieces of work for each agent. */
  works: number
  kills: number
  seed: number
  /** No new work after it, so that a slow machine ends too. */
  seconds: number
  /** 0 takes any free port. */
  port: number
  log(line: string): void
}

export interface GuardReport extends Omit<GuardFleet, 'accounts' | 'abandoned' | 'broken'> {
  seed: number
  agents: number
  kills: number
  retried: number
  abandoned: number
  limit_usd: string
  /** By the budget and by the ledger. */
  spent_usd: string
  acknowledged_usd: string
  /** Sent and never answered: it may be in the ledger, and need not be. */
  unknown_usd: string
  /** Empty when the limit held and the ledger has everything once. */
  differences: string[]
  seconds: number
}

const ESTIMATE_MAX = 1_000_000
/** Of the most that all agents may ask for at once: a few rounds of work, after which there is room for little. */
const LIMIT_SHARE = 0.6
const SAMPLE_MS = 100
const ANSWERED_MS_MAX = 120_000
const DRAIN_MS_MAX = 90_000

/** Agents that spend from one hard budget while the server is killed; then compares budget, ledger and agents. */
export async function runGuardChaos(options: GuardChaosOptions): Promise<GuardReport> {
  const startMs = Date.now()
  const dataDir = await mkdtemp(join(tmpdir(), 'agentops-guard-'))
  const port = await freePort('127.0.0.1', options.port)
  const start = () => startServer({ port, dataDir })
  let server = await start()
  try {
    const opened = await open(server, options)
    const fleet = newFleet()
    const untilMs = Date.now() + options.seconds * 1000
    const client = guardClient(server.url, opened.key, untilMs + ANSWERED_MS_MAX)
    const ended = new AbortController()
    const sampling = sample(opened, fleet, ended.signal)
    const working = runAgents(client, fleet, { ...options, untilMs, estimateMax: ESTIMATE_MAX }).finally(() =>
      ended.abort(),
    )
    // Until it is awaited, a failure must not end the process.
    working.catch(() => {})
    let kills = 0
    for (let kill = 1; kill <= options.kills && !ended.signal.aborted; kill++) {
      await part(kill / (options.kills + 1), fleet, options, { untilMs, signal: ended.signal })
      if (ended.signal.aborted) break
      await server.kill()
      kills++
      options.log(`kill ${kill} of ${options.kills}: ${summary(fleet, client)}`)
      server = await start()
    }
    await working
    await sampling
    options.log(`all have ended: ${summary(fleet, client)}`)
    await letGo(opened, fleet)
    const found = await drained(server, opened, fleet)
    const report = await reportOf(opened, fleet, client)
    await server.stop()
    return {
      ...report,
      seed: options.seed,
      agents: options.agents,
      kills,
      differences: [...new Set(fleet.broken), ...found],
      seconds: Math.round((Date.now() - startMs) / 1000),
    }
  } finally {
    await server.kill()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function open(server: Server, { agents }: GuardChaosOptions): Promise<GuardTenant & { key: string }> {
  const { session, org, projectId } = await createTenant(server.url)
  const sql = `SELECT id AS org_id, cell, shard FROM organization WHERE id = '${org.id}'`
  const [tenant] = await server.ask<Tenant[]>({ do: 'sql', database: 'CONTROL', sql })
  if (tenant === undefined) throw new Error('the organization is not in the control database')
  const { key } = await createKey(session, projectId, ['ingest', 'guard'])
  await expectCall(session, 'POST', `/api/v1/orgs/${org.id}/budgets`, {
    status: 201,
    schema: Budget,
    body: {
      name: 'All agents',
      scope: { type: 'org' },
      period: 'month',
      limit_usd: usdOf(BigInt(Math.floor(agents * ESTIMATE_MAX * LIMIT_SHARE))),
      hard: true,
      on_unreachable: 'closed',
    },
  })
  return { session, tenant, projectId, key }
}

/** Looks at the budget as a person sees it, also while the server comes back. */
async function sample({ session, tenant }: GuardTenant, fleet: GuardFleet, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await call<{ data: Budget[] }>(session, 'GET', `/api/v1/orgs/${tenant.org_id}/budgets`).then(
      ({ status, body }) => {
        if (status === 200) look(fleet, body.data)
      },
      () => {},
    )
    await sleep(SAMPLE_MS)
  }
}

/** Waits until this share of the work has ended, or of the time where a machine is too slow for the work. */
async function part(
  share: number,
  fleet: GuardFleet,
  { agents, works, seconds }: GuardChaosOptions,
  { untilMs, signal }: { untilMs: number; signal: AbortSignal },
): Promise<void> {
  const byMs = untilMs - (1 - share) * seconds * 1000
  while (fleet.ended < share * agents * works && Date.now() < byMs && !signal.aborted) await sleep(20)
}

/** An admin lets go of what agents left behind that gave up; the rest must have ended by itself. */
async function letGo({ session, tenant }: GuardTenant, { abandoned }: GuardFleet): Promise<void> {
  for (const id of abandoned) {
    const { status } = await call(session, 'POST', `/api/v1/orgs/${tenant.org_id}/reservations/${id}/release`)
    if (status !== 200 && status !== 404) throw new Error(`letting go of ${id} answered ${status}`)
  }
}

/** Lets expiry, entries of the guard and the recovery come to their end; returns what still differs. */
async function drained(server: Server, tenant: GuardTenant, fleet: GuardFleet): Promise<string[]> {
  const untilMs = Date.now() + DRAIN_MS_MAX
  for (;;) {
    const found = await guardDifferences(server, tenant, fleet)
    if (found.length === 0 || Date.now() > untilMs) return found
    await sleep(500)
    await server.ask({ do: 'cron', cron: '* * * * *' })
  }
}

const summary = (fleet: GuardFleet, client: GuardClient) =>
  `${fleet.allowed} allowed, ${fleet.refused} refused, ${fleet.left} left to expire, ${client.retried} sent again, ${fleet.abandoned.size} given up`

async function reportOf(tenant: GuardTenant, fleet: GuardFleet, client: GuardClient) {
  const { budget } = await booksOf(tenant)
  const accounts = [...fleet.accounts.values()]
  const least = accounts.reduce((sum, account) => sum + account.least, 0n)
  const most = accounts.reduce((sum, account) => sum + account.most, 0n)
  const { ended, allowed, refused, left, repeated, looks } = fleet
  return {
    ...{ ended, allowed, refused, left, repeated, looks },
    retried: client.retried,
    abandoned: fleet.abandoned.size,
    limit_usd: budget.limit_usd,
    spent_usd: budget.spent_usd,
    acknowledged_usd: usdOf(least),
    unknown_usd: usdOf(most - least),
  }
}
