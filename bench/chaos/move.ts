import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../scripts/runtime/port.ts'
import { call, createTenant } from '../../test/support/harness.ts'
import { MoveAnswer, type Move } from '../../workers/contract/move.ts'
import type { Tenant } from '../../workers/contract/tenant.ts'
import { runLoad } from '../load/load.ts'
import { startServer, type Server } from '../support/server-process.ts'

export interface MoveChaosOptions {
  events: number
  /** 0 takes any free port. */
  port: number
  log: (line: string) => void
}

export interface MoveReport {
  events: number
  kills: number
  /** How long new batches waited. */
  held_seconds: number
  /** From the start until everything was deleted where it was. */
  seconds: number
  /** Seconds in each step, as it was seen. */
  steps: Record<string, number>
  stores: Move['stores']
  differences: string[]
}

const EVENTS_EACH = 100
const MOVE_MS_MAX = 40 * 60_000
const COUNTED_MS_MAX = 10 * 60_000
/** Killed while it copies, while it compares, and while it deletes. */
const KILLED_IN = ['copy_tables', 'verify_tables', 'delete_tables']

interface Moving {
  session: Awaited<ReturnType<typeof createTenant>>['session']
  tenant: Tenant
  projectId: string
}

/** Fills an organization, moves it from `global` to `eu` with kills in between, and compares both sides. */
export async function runMoveChaos({ events, port, log }: MoveChaosOptions): Promise<MoveReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'agentops-move-'))
  const options = { port: await freePort('127.0.0.1', port), dataDir }
  let server = await startServer(options)
  try {
    const { session, org, projectId, key } = await createTenant(server.url, 'global')
    const sql = `SELECT id AS org_id, cell, shard FROM organization WHERE id = '${org.id}'`
    const [tenant] = await server.ask<Tenant[]>({ do: 'sql', database: 'CONTROL', sql })
    if (tenant === undefined) throw new Error('the organization is not in the control database')
    const moving = { session, tenant, projectId }
    const load = await runLoad({
      url: `${server.url}/v1/events`,
      key,
      connections: 16,
      eventsEach: EVENTS_EACH,
      expect: 202,
      requests: Math.ceil(events / EVENTS_EACH),
      firstSerial: 0x10000000,
    })
    await untilCounted(moving)
    await server.ask({ do: 'cron', cron: '* * * * *' })
    log(`${load.events} events are stored`)
    const before = await booksOf(server, tenant.org_id, projectId, `DATA_GLOBAL_${tenant.shard}`)
    const startMs = Date.now()
    await call(session, 'POST', `/api/v1/orgs/${tenant.org_id}/move`, { region: 'eu' })
    const seen = await follow(moving, log, async () => {
      await server.kill()
      server = await startServer(options)
    })
    const seconds = (Date.now() - startMs) / 1000
    const after = await booksOf(server, tenant.org_id, projectId, 'DATA_EU_0')
    const left = await leftIn(server, tenant, projectId)
    await server.stop()
    const heldMs = Date.parse(seen.move.switched_at ?? '') - Date.parse(seen.move.frozen_at ?? '')
    return {
      events: load.events,
      kills: seen.kills,
      held_seconds: heldMs / 1000,
      seconds,
      steps: seen.steps,
      stores: seen.move.stores,
      differences: [
        ...Object.keys(before).flatMap((name) =>
          before[name] === after[name] ? [] : [`${name}: ${before[name]} before, ${after[name]} after`],
        ),
        ...(before['events'] === String(load.events)
          ? []
          : [`${before['events']} of ${load.events} events were counted`]),
        ...left,
        ...(seen.move.state === 'done' ? [] : [`the move is ${seen.move.state}: ${seen.move.detail}`]),
      ],
    }
  } finally {
    await server.kill()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Asks how far it is until it has ended, and kills the server once in each of some steps. */
async function follow({ session, tenant }: Moving, log: (line: string) => void, kill: () => Promise<void>) {
  const untilMs = Date.now() + MOVE_MS_MAX
  const steps: Record<string, number> = {}
  const killed = new Set<string>()
  let [step, sinceMs] = ['', Date.now()]
  while (Date.now() < untilMs) {
    const { body } = await call(session, 'GET', `/api/v1/orgs/${tenant.org_id}/move`)
    const { move } = MoveAnswer.parse(body)
    if (move === null) throw new Error('there is no move')
    if (move.step !== step) {
      const now = Date.now()
      if (step !== '') steps[step] = (steps[step] ?? 0) + (now - sinceMs) / 1000
      ;[step, sinceMs] = [move.step, now]
      log(`${move.step} …`)
    }
    if (move.ended_at !== null || move.state === 'stopped') return { move, steps, kills: killed.size }
    if (KILLED_IN.includes(step) && !killed.has(step)) {
      killed.add(step)
      await sleep(1000)
      await kill()
      log(`killed in ${step}`)
    }
    await sleep(200)
  }
  throw new Error('the move has no end')
}

async function untilCounted({ session, projectId }: Moving): Promise<void> {
  const untilMs = Date.now() + COUNTED_MS_MAX
  for (;;) {
    const { body } = await call<{ events_behind: number }>(session, 'GET', `/api/v1/projects/${projectId}/watermark`)
    if (body.events_behind === 0) return
    if (Date.now() > untilMs) throw new Error(`${body.events_behind} events are not counted`)
    await sleep(500)
  }
}

/** Counts and sums of a project in one shard; text, since sums may pass 2^53. */
async function booksOf(server: Server, orgId: string, projectId: string, database: string) {
  const books: Record<string, string> = {}
  const one = async (name: string, sql: string) => {
    const [row] = await server.ask<{ value: string }[]>({ do: 'sql', database, sql })
    books[name] = row?.value ?? ''
  }
  const of = `WHERE project_id = '${projectId}'`
  await one('events', `SELECT CAST(sum(events) AS TEXT) AS value FROM batch ${of}`)
  await one('batches', `SELECT CAST(count(*) AS TEXT) AS value FROM batch ${of}`)
  await one('bytes of events', `SELECT CAST(sum(length(body)) AS TEXT) AS value FROM batch ${of}`)
  await one('ledger entries', `SELECT CAST(count(*) AS TEXT) AS value FROM ledger ${of}`)
  await one('ledger, nano-dollars', `SELECT CAST(sum(cost_nanousd) AS TEXT) AS value FROM ledger ${of}`)
  await one('traces', `SELECT CAST(count(*) AS TEXT) AS value FROM trace ${of}`)
  await one('traces, nano-dollars', `SELECT CAST(sum(cost_nanousd) AS TEXT) AS value FROM trace ${of}`)
  await one(
    'rollups',
    `SELECT CAST(sum(n) AS TEXT) || ' ' || sum(cost_nanousd) AS value FROM rollup WHERE org_id = '${orgId}'`,
  )
  return books
}

/** What of the organization is still in the tables and the bucket that it left. */
async function leftIn(server: Server, { org_id, shard }: Tenant, projectId: string): Promise<string[]> {
  const database = `DATA_GLOBAL_${shard}`
  const left: string[] = []
  const tables = await server.ask<{ name: string; columns: string }[]>({
    do: 'sql',
    database,
    sql: `SELECT m.name, group_concat(c.name) AS columns FROM sqlite_master m, pragma_table_info(m.name) c
          WHERE m.type = 'table' AND m.name NOT LIKE '\\_cf%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' GROUP BY m.name`,
  })
  for (const { name, columns } of tables) {
    const column = columns.split(',').find((one) => one === 'org_id' || one === 'project_id')
    if (column === undefined) continue
    const value = column === 'org_id' ? org_id : projectId
    const sql = `SELECT count(*) AS n FROM "${name}" WHERE ${column} = '${value}'`
    const [row] = await server.ask<{ n: number }[]>({ do: 'sql', database, sql })
    if (row !== undefined && row.n > 0) left.push(`${row.n} rows are left in ${name}`)
  }
  const names = await server.ask<string[]>({ do: 'objects', bucket: 'BUCKET_GLOBAL' })
  const objects = names.filter((name) => name.includes(org_id))
  if (objects.length > 0) left.push(`${objects.length} objects are left, such as ${objects[0]}`)
  return left
}
