import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { moveStore } from '../../../workers/adapters/move/moves.ts'
import { deadLetters } from '../../../workers/adapters/r2/dead-letters.ts'
import { journalSweep } from '../../../workers/adapters/r2/journal.ts'
import { messageOf } from '../../../workers/services/ingest/store.ts'
import { sweepJournal } from '../../../workers/services/recovery/sweep.ts'
import { reportStore } from '../../../workers/adapters/d1/report-store.ts'
import { viewStore } from '../../../workers/adapters/d1/view-store.ts'
import type { ReportRow } from '../../../workers/domain/report/report.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { MOVE_STEPS } from '../../../workers/contract/move.ts'
import type { Cell, ProjectTenant, Tenant } from '../../../workers/contract/tenant.ts'
import type { SavedRow } from '../../../workers/domain/saved-view.ts'
import { FREEZE_MS_MAX } from '../../../workers/services/move/job.ts'
import { draft, everything, objectOf, verified } from '../../support/audit-log.ts'
import type { TenantAuditRpc } from '../../../workers/contract/audit.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'
import {
  accept,
  beginMove,
  heldQueues,
  jobOf,
  livingTenant,
  real,
  recordOfKey,
  runMove,
  tracesOf,
} from '../../support/moving.ts'
import { recordingEnv } from '../../support/recording.ts'

const shardOf = (tenant: Tenant) => cellFor(real, tenant.cell).shard(tenant.shard)
const at = (tenant: ProjectTenant, cell: Cell): ProjectTenant => ({ ...tenant, cell, shard: 0 })

interface Books {
  events: number
  money: string
  entries: number
  traces: number
  budget: string | undefined
}

/** What the books of a tenant say in a cell. */
async function booksOf(tenant: ProjectTenant): Promise<Books> {
  const [batches, ledger, traces] = await shardOf(tenant).batch<Record<string, number | string>>([
    shardOf(tenant)
      .prepare('SELECT coalesce(sum(events), 0) AS n FROM batch WHERE project_id = ?1')
      .bind(tenant.project_id),
    shardOf(tenant)
      .prepare(
        'SELECT count(*) AS n, CAST(coalesce(sum(cost_nanousd), 0) AS TEXT) AS money FROM ledger WHERE project_id = ?1',
      )
      .bind(tenant.project_id),
    shardOf(tenant).prepare('SELECT count(*) AS n FROM trace WHERE project_id = ?1').bind(tenant.project_id),
  ])
  const counters = await cellFor(real, tenant.cell)
    .object(real.TENANT_BUDGET, tenant.org_id)
    .snapshot({ from_ms: 0, to_ms: Date.now() * 2 })
  return {
    events: Number(batches?.results[0]?.n),
    money: String(ledger?.results[0]?.money),
    entries: Number(ledger?.results[0]?.n),
    traces: Number(traces?.results[0]?.n),
    budget: counters.find(({ scope }) => scope === 'org')?.cost_nanousd,
  }
}

let serial = 0
const batchOf = (tenant: ProjectTenant, calls = 3, cost = 1_000_001) =>
  makeBatch(tenant, traceEvents(`trace-${tenant.org_id}-${serial++}`, calls, cost))

async function audited(tenant: ProjectTenant, id: string) {
  await (objectOf(tenant) as unknown as TenantAuditRpc).append(tenant, [{ id, draft: draft() }])
}

/** A tenant with applied batches, a rollup, an audit log, an archive and a dead letter. */
async function busyTenant(cell: Cell, batches: number) {
  const tenant = await livingTenant(cell)
  const queues = heldQueues()
  await queues.deliver(
    cell,
    Array.from({ length: batches }, () => envelopeOf(batchOf(tenant))),
  )
  while (await rollupStore(shardOf(tenant)).roll(tenant.org_id));
  for (let i = 0; i < 5; i++) await audited(tenant, `before ${i}`)
  const { bucket } = cellFor(real, cell)
  await bucket.put(`archive/${tenant.org_id}/${tenant.project_id}/2026/01/01/00-1-2.parquet`, new Uint8Array(5000))
  await bucket.put(`unheard-of/${tenant.org_id}/thing`, 'a kind that nobody knew')
  await deadLetters(bucket).put(envelopeOf(batchOf(tenant)), 'tested', 7, cell)
  await viewStore(shardOf).add(tenant, dashboardOf('viw_before'), 9)
  await reportStore(shardOf).add(tenant, reportBefore, 9)
  return { tenant, queues }
}

const reportBefore: ReportRow = {
  ...{ id: 'rpt_before', name: 'Weekly', ownerId: 'usr_1', shown: { page: 'finance', params: [['range', '7d']] } },
  ...{ timing: { every: 'month', day: 31, hour: 9 }, zone: 'Europe/Berlin', format: 'png', recipients: ['usr_1'] },
  ...{ origin: 'https://ops.acme.io', paused: null, nextMs: 9e15, askedMs: null, turn: 0, taken: false, attempts: 0 },
  ...{ mailing: false, last: null, createdMs: 1, updatedMs: 1, version: 1 },
}

const dashboardOf = (id: string): SavedRow => ({
  ...{ id, kind: 'dashboard', name: 'Mine', ownerId: null, shared: true, page: null, params: [['range', '7d']] },
  ...{ panels: [{ id: 'operations.requests', span: 6 }], createdMs: 1, updatedMs: 2, version: 3 },
})

describe('moving an organization', () => {
  it('copies, verifies, switches and leaves nothing behind', async () => {
    const { tenant, queues } = await busyTenant('eu', 120)
    const other = await busyTenant('eu', 2)
    const us = at(tenant, 'us')
    const before = await booksOf(tenant)
    const log = await everything(objectOf(tenant))
    await beginMove(tenant, 'us')
    const job = await runMove(queues.env, tenant.org_id)
    expect(job).toMatchObject({ state: 'done', detail: null })
    expect(await booksOf(us)).toEqual(before)
    expect(await viewStore(shardOf).list(us)).toEqual([dashboardOf('viw_before')])
    expect(await reportStore(shardOf).list(us)).toEqual([reportBefore])
    expect(before).toMatchObject({ events: 480, entries: 360, traces: 120, budget: '360000360' })
    expect(job.numbers).toMatchObject({
      ledger: { verified: 360, cost_usd: '0.360000360', deleted: 360 },
      trace: { verified: 120, cost_usd: '0.360000360' },
      batch: { verified: 120 },
    })
    const after = await verified(us)
    expect(after).toMatchObject({ ok: true })
    expect(await tracesOf('eu', [tenant.org_id, tenant.project_id, tenant.workspace_id])).toEqual([])
    expect(await booksOf(tenant)).toEqual({ events: 0, money: '0', entries: 0, traces: 0, budget: undefined })
    expect(await booksOf(other.tenant)).toMatchObject({ events: 8, budget: '6000006' })
    expect(await recordOfKey(tenant.hash)).toMatchObject({ cell: 'us', shard: 0 })
    expect(await recordOfKey(other.tenant.hash)).toMatchObject({ cell: 'eu' })
    expect((await everything(objectOf(us) as unknown as TenantAuditRpc)).slice(0, log.length)).toEqual(log)
  })

  it('goes on wherever it was killed', async () => {
    const { tenant, queues } = await busyTenant('us', 10)
    const us = await booksOf(tenant)
    await beginMove(tenant, 'global')
    const killed = new Set<string>()
    const checkpoint = (step: string) => {
      if (killed.has(step)) return
      killed.add(step)
      throw new Error('killed here')
    }
    for (;;) {
      try {
        expect(await runMove(queues.env, tenant.org_id, { checkpoint })).toMatchObject({ state: 'done' })
        break
      } catch (error) {
        expect(String(error)).toContain('killed here')
      }
    }
    expect(killed.size).toBe(2 * (MOVE_STEPS.length - 1))
    const { to } = await jobOf(tenant.org_id)
    const moved = { ...tenant, ...to }
    expect(await booksOf(moved)).toEqual(us)
    expect(await verified(moved)).toMatchObject({ ok: true })
    expect(await tracesOf('us', [tenant.org_id, tenant.project_id])).toEqual([])
  })

  it.each([true, false])('counts what is sent meanwhile once (journaled: %s)', async (journaled) => {
    const { tenant, queues } = await busyTenant('eu', 40)
    const us = at(tenant, 'us')
    let sent = 40
    await beginMove(tenant, 'us')
    await runMove(queues.env, tenant.org_id, {
      async between({ step, switchedMs }) {
        // As the edge does: by the record that it has, which may be an old one until `wait` is over.
        const homes = switchedMs === null ? [tenant] : ['open', 'wait'].includes(step) ? [tenant, us] : [us]
        for (const home of homes) {
          const batch = batchOf(home)
          await accept(queues, batch, journaled)
          // A queue delivers at least once.
          queues.sent[home.cell].push(...queues.sent[home.cell].slice(-1))
          sent++
        }
        await queues.deliver('eu')
        await queues.deliver('us')
      },
    })
    await queues.deliver('eu')
    await queues.deliver('us')
    // What came to the new cell a moment before it was opened lies in its journal.
    const stores = cellFor(queues.env, 'us')
    await sweepJournal(journalSweep(stores, messageOf), Date.now(), true)
    await queues.deliver('us')
    expect(sent).toBeGreaterThan(80)
    expect(await booksOf(us)).toEqual({
      events: sent * 4,
      money: String(sent * 3_000_003),
      entries: sent * 3,
      traces: sent,
      budget: String(sent * 3_000_003),
    })
    expect(await tracesOf('eu', [tenant.org_id, tenant.project_id])).toEqual([])
  })

  it('sends on what comes late, and tells the old cell nothing of it', async () => {
    const { tenant, queues } = await busyTenant('eu', 3)
    await beginMove(tenant, 'us')
    await runMove(queues.env, tenant.org_id)
    const { env, calls } = recordingEnv(real)
    const recorded = heldQueues(env)
    const late = batchOf(tenant)
    await recorded.deliver('eu', [envelopeOf(late)])
    expect(recorded.sent.us).toHaveLength(1)
    await recorded.deliver('us')
    await recorded.deliver('us', [envelopeOf(batchOf(at(tenant, 'us')))])
    const told = calls.filter(({ binding, text }) => {
      const isOld = binding.endsWith('_EU') || binding.includes('_EU_') || text.startsWith('eu:')
      return isOld && [tenant.org_id, tenant.project_id, 'trace-'].some((word) => text.includes(word))
    })
    expect(told).toEqual([])
    expect(calls.some(({ binding, text }) => binding === 'DATA_US_0' && text.includes(tenant.project_id))).toBe(true)
    expect(await booksOf(at(tenant, 'us'))).toMatchObject({ events: 20, traces: 5 })
  })

  it('comes back, and the chain is one', async () => {
    const { tenant, queues } = await busyTenant('eu', 3)
    const before = await booksOf(tenant)
    for (const [from, to] of [
      ['eu', 'us'],
      ['us', 'eu'],
    ] as const) {
      await audited(at(tenant, from), `in ${from}`)
      await beginMove(at(tenant, from), to)
      expect(await runMove(queues.env, tenant.org_id)).toMatchObject({ state: 'done' })
    }
    expect(await booksOf(tenant)).toEqual(before)
    await queues.deliver('eu', [envelopeOf(batchOf(tenant))])
    expect(await booksOf(tenant)).toMatchObject({ events: 16 })
    expect(await verified(tenant)).toMatchObject({ ok: true })
    expect(await everything(objectOf(tenant) as unknown as TenantAuditRpc)).toHaveLength(9)
    expect(await tracesOf('us', [tenant.org_id, tenant.project_id])).toEqual([])
  })
})

describe('a move that does not end well', () => {
  it('stops when the sides differ, deletes nothing, and is cancelled', async () => {
    const { tenant, queues } = await busyTenant('eu', 5)
    const before = await booksOf(tenant)
    await beginMove(tenant, 'us')
    await runMove(queues.env, tenant.org_id, { until: 'verify_tables' })
    await shardOf(at(tenant, 'us'))
      .prepare('UPDATE ledger SET cost_nanousd = cost_nanousd + 1 WHERE project_id = ?1 AND span_id = ?2')
      .bind(tenant.project_id, 's0')
      .run()
    const held = batchOf(tenant)
    await queues.deliver('eu', [envelopeOf(held)])
    expect(await runMove(queues.env, tenant.org_id)).toMatchObject({
      state: 'stopped',
      detail: expect.stringContaining('ledger: the sums of cost_nanousd differ') as string,
    })
    expect(await booksOf(tenant)).toEqual(before)
    expect(await recordOfKey(tenant.hash)).toMatchObject({ cell: 'eu' })
    await expect(beginMove(tenant, 'us')).rejects.toThrow('under way')
    expect(await moveStore(real.CONTROL).cancel(tenant.org_id, Date.now())).toBe(true)
    expect(await runMove(queues.env, tenant.org_id)).toMatchObject({ state: 'cancelled' })
    expect(await tracesOf('us', [tenant.org_id, tenant.project_id])).toEqual([])
    // The batch that was held lies in the journal, from where the sweep sends it.
    await queues.deliver('eu', [envelopeOf(held)])
    expect(await booksOf(tenant)).toMatchObject({ events: before.events + 4 })
    await audited(tenant, 'goes on')
    expect(await verified(tenant)).toMatchObject({ ok: true })
  })

  it.each(MOVE_STEPS.slice(1, MOVE_STEPS.indexOf('switch') + 1))('is cancelled before %s', async (step) => {
    const { tenant, queues } = await busyTenant('eu', 2)
    const before = await booksOf(tenant)
    await beginMove(tenant, 'us')
    await runMove(queues.env, tenant.org_id, { until: step })
    await moveStore(real.CONTROL).cancel(tenant.org_id, Date.now())
    expect(await runMove(queues.env, tenant.org_id)).toMatchObject({ state: 'cancelled', switchedMs: null })
    expect(await booksOf(tenant)).toEqual(before)
    expect(await tracesOf('us', [tenant.org_id, tenant.project_id])).toEqual([])
    await queues.deliver('eu', [envelopeOf(batchOf(tenant))])
    expect(await booksOf(tenant)).toMatchObject({ events: before.events + 4 })
  })

  it('cannot be cancelled once the organization was switched', async () => {
    const { tenant, queues } = await busyTenant('eu', 2)
    await beginMove(tenant, 'us')
    await runMove(queues.env, tenant.org_id, { until: 'open' })
    expect(await moveStore(real.CONTROL).cancel(tenant.org_id, Date.now())).toBe(false)
    expect(await runMove(queues.env, tenant.org_id)).toMatchObject({ state: 'done' })
  })

  it('lets the old cell go on when the switch cannot be made in time', async () => {
    const { tenant, queues } = await busyTenant('eu', 2)
    await beginMove(tenant, 'us')
    const frozen = await runMove(queues.env, tenant.org_id, { until: 'copy_rest' })
    await moveStore(real.CONTROL).save({ ...frozen, frozenMs: Date.now() - FREEZE_MS_MAX - 1 }, Date.now())
    expect(await runMove(queues.env, tenant.org_id)).toMatchObject({ state: 'stopped' })
    await queues.deliver('eu', [envelopeOf(batchOf(tenant))])
    expect(await booksOf(tenant)).toMatchObject({ events: 12 })
  })

  it('runs no job of the organization meanwhile, in either cell', async () => {
    const { tenant, queues } = await busyTenant('eu', 2)
    await queues.deliver(
      'eu',
      Array.from({ length: 70 }, () => envelopeOf(batchOf(tenant))),
    )
    await beginMove(tenant, 'us')
    await runMove(queues.env, tenant.org_id, { until: 'freeze' })
    const later = Date.now() + 3_600_000
    for (const home of [tenant, at(tenant, 'us')]) {
      expect(await rollupStore(shardOf(home)).due(later)).not.toContain(tenant.org_id)
      await expect(rollupStore(shardOf(home)).roll(tenant.org_id)).rejects.toThrow('moving')
    }
  })
})
