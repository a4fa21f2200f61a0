import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { archiveStore } from '../../../workers/adapters/d1/archive-source.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { parquetArchive } from '../../../workers/adapters/r2/archive.ts'
import { deadLetters } from '../../../workers/adapters/r2/dead-letters.ts'
import type { RetentionDays } from '../../../workers/contract/retention.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { retentionDeps } from '../../../workers/pipeline/crons/deps-retention.ts'
import { archiveShard } from '../../../workers/services/recovery/archive.ts'
import { enforceRetention } from '../../../workers/services/retention/enforce.ts'
import { everything, objectOf } from '../../support/audit-log.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'
import { heldQueues, livingTenant, real } from '../../support/moving.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const cell = 'eu'
const db = cellFor(real, cell).shard(0)
const { bucket } = cellFor(real, cell)

/** A project with two old traces and two of today, rolled up and archived; what is old was applied then. */
async function grown(days: Partial<RetentionDays>, oldDays = 100) {
  const tenant = await livingTenant(cell)
  const queues = heldQueues()
  const then = Date.now() - oldDays * DAY_MS
  for (const [name, at] of [
    ['old', then],
    ['new', Date.now()],
  ] as const)
    for (const n of [1, 2])
      await queues.deliver(cell, [
        envelopeOf(makeBatch(tenant, traceEvents(`${name}-${n}-${tenant.org_id}`, 2, 1_000_001, at))),
      ])
  while (await rollupStore(db).roll(tenant.org_id));
  await archiveShard({ ...archiveStore(db), ...parquetArchive(bucket) }, Date.now() + 2 * HOUR_MS)
  await db
    .prepare(
      `UPDATE batch SET applied_ms = ?2 WHERE project_id = ?1 AND batch_id IN (SELECT value FROM trace, json_each(batches) WHERE project_id = ?1 AND sort_ms < ?3)`,
    )
    .bind(tenant.project_id, then, then + DAY_MS)
    .run()
  const date = new Date(then).toISOString().slice(0, 10).replaceAll('-', '/')
  await bucket.put(`archive/${tenant.org_id}/${tenant.project_id}/${date}/00-1-2.parquet`, 'old')
  for (const at of [then, Date.now()])
    await deadLetters(bucket).put(envelopeOf(makeBatch(tenant, traceEvents(`dead-${at}`, 1, 1))), 'tested', at, cell)
  await keep(tenant, days)
  return tenant
}

async function keep({ project_id }: ProjectTenant, days: Partial<RetentionDays>) {
  const { events_days = null, traces_days = null, metrics_days = null, archive_days = null } = days
  await real.CONTROL.prepare(
    'UPDATE project SET events_days = ?2, traces_days = ?3, metrics_days = ?4, archive_days = ?5 WHERE id = ?1',
  )
    .bind(project_id, events_days, traces_days, metrics_days, archive_days)
    .run()
}

async function heldBy({ org_id, project_id }: ProjectTenant) {
  const n = async (sql: string) => (await db.prepare(sql).bind(project_id).first<{ n: number }>())?.n
  const files = async (kind: string) => (await bucket.list({ prefix: `${kind}/${org_id}/` })).objects.length
  const counters = await cellFor(real, cell)
    .object(real.TENANT_BUDGET, org_id)
    .snapshot({ from_ms: 0, to_ms: Date.now() * 2 })
  return {
    bodies: await n('SELECT count(body) AS n FROM batch WHERE project_id = ?1'),
    batches: await n('SELECT count(*) AS n FROM batch WHERE project_id = ?1'),
    traces: await n('SELECT count(*) AS n FROM trace WHERE project_id = ?1'),
    requests: await n(`SELECT sum(n) AS n FROM rollup WHERE project_id = ?1 AND kind = 'request'`),
    archive: await files('archive'),
    dead: await files('dead'),
    ledger: await n('SELECT sum(cost_nanousd) AS n FROM ledger WHERE project_id = ?1'),
    budget: counters.find(({ scope }) => scope === 'org')?.cost_nanousd,
  }
}
const ALL = { bodies: 4, batches: 4, traces: 4, requests: 4, archive: 2, dead: 2, ledger: 8_000_008, budget: '8000008' }
const run = (now = Date.now()) =>
  enforceRetention(
    retentionDeps(real, cell, 0, () => now),
    now + 60_000,
  )

describe('retention', () => {
  it.each<[string, Partial<RetentionDays>, Partial<typeof ALL>]>([
    ['nothing', {}, {}],
    ['nothing that is young enough', { events_days: 120, traces_days: 120, metrics_days: 120, archive_days: 120 }, {}],
    ['events and dead letters', { events_days: 30 }, { bodies: 2, dead: 1 }],
    [
      'events and traces, and then the rows of batches',
      { events_days: 30, traces_days: 40 },
      { bodies: 2, batches: 2, traces: 2, dead: 1 },
    ],
    ['charts', { metrics_days: 30 }, { requests: 2 }],
    ['archive', { archive_days: 30 }, { archive: 1 }],
    [
      'all of that',
      { events_days: 1, traces_days: 1, metrics_days: 7, archive_days: 1 },
      { bodies: 2, batches: 2, traces: 2, requests: 2, archive: 1, dead: 1 },
    ],
  ])('removes %s, and never a cent', async (_, days, left) => {
    const tenant = await grown(days)
    const untouched = await grown({})
    expect(await heldBy(tenant)).toEqual(ALL)
    await run()
    expect(await heldBy(tenant)).toEqual({ ...ALL, ...left })
    expect(await heldBy(untouched)).toEqual(ALL)
    const log = JSON.stringify(await everything(objectOf(tenant)))
    expect(log.includes('retention.enforced')).toBe(Object.keys(left).length > 0)
  })

  it('runs once a day, and tells once what it removed', async () => {
    const tenant = await grown({ events_days: 30 })
    await run()
    await keep(tenant, { events_days: 30, traces_days: 40 })
    await run()
    expect(await heldBy(tenant)).toMatchObject({ traces: 4 })
    await run(Date.now() + DAY_MS)
    expect(await heldBy(tenant)).toMatchObject({ traces: 2 })
    const entries = (await everything(objectOf(tenant))).filter(({ action }) => action === 'retention.enforced')
    expect(entries).toHaveLength(2)
  })

  it('tells of both passes that one day may see', async () => {
    const tenant = await grown({ events_days: 30 })
    const midnight = Math.ceil(Date.now() / DAY_MS) * DAY_MS
    await run(midnight + 60_000)
    await keep(tenant, { events_days: 30, traces_days: 40 })
    await run(midnight + 21 * 3_600_000)
    const entries = (await everything(objectOf(tenant))).filter(({ action }) => action === 'retention.enforced')
    expect(entries).toHaveLength(2)
  })

  it('goes on where it was stopped', async () => {
    const tenant = await grown({ events_days: 1, traces_days: 1, metrics_days: 7, archive_days: 1 })
    for (let runs = 0; runs < 60; runs++) {
      // Time for one unit each: the clock jumps with the first look at it that follows.
      let looks = 0
      const start = Date.now()
      const deps = retentionDeps(real, cell, 0, () => start + looks)
      const only = {
        ...deps,
        projects: async () => (await deps.projects()).filter(({ id }) => id === tenant.project_id),
      }
      const remove = Object.fromEntries(
        Object.entries(deps.remove).map(([store, work]) => [
          store,
          async (...args: Parameters<typeof work>) => {
            looks += 10
            return work(...args)
          },
        ]),
      ) as typeof deps.remove
      const { projects } = await enforceRetention({ ...only, remove }, start + 5)
      if (projects === 0) break
    }
    expect(await heldBy(tenant)).toEqual({ ...ALL, bodies: 2, batches: 2, traces: 2, requests: 2, archive: 1, dead: 1 })
    const entries = (await everything(objectOf(tenant))).filter(({ action }) => action === 'retention.enforced')
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({
      after: { removed: { events: 2, traces: 2, dead_letters: 1, archive: 1 } },
    })
  })

  it('leaves an organization alone that moves, and events that the archive lacks', async () => {
    const [moving, behind] = [await grown({ events_days: 30 }), await grown({ events_days: 30 })]
    await db
      .prepare('INSERT INTO moving (org_id, move_id, commits_held, jobs_held) VALUES (?1, ?1, 0, 1)')
      .bind(moving.org_id)
      .run()
    await db.prepare(`DELETE FROM progress WHERE org_id = ?1 AND job = 'archive'`).bind(behind.org_id).run()
    await run()
    expect(await heldBy(moving)).toEqual(ALL)
    expect(await heldBy(behind)).toMatchObject({ bodies: 4 })
  })

  it('does not let one project that fails stop the others', async () => {
    const [broken, well] = [await grown({ traces_days: 30 }), await grown({ traces_days: 30 })]
    const deps = retentionDeps(real, cell, 0)
    const traces: typeof deps.remove.traces = (project, ...rest) =>
      project.id === broken.project_id ? Promise.reject(new Error('tested')) : deps.remove.traces(project, ...rest)
    const failed: string[] = []
    await enforceRetention(
      { ...deps, remove: { ...deps.remove, traces }, failed: ({ id }) => void failed.push(id) },
      Date.now() + 60_000,
    )
    expect(failed).toEqual([broken.project_id])
    expect(await heldBy(well)).toMatchObject({ traces: 2 })
  })
})
