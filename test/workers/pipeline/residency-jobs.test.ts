import { createMessageBatch, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { ALERT_PRESETS } from '../../../workers/contract/alert-presets.ts'
import { JOB_KINDS } from '../../../workers/contract/job.ts'
import { CELLS } from '../../../workers/contract/tenant.ts'
import { CRON_JOBS, placesOf, type CronJob } from '../../../workers/pipeline/crons/deps-jobs.ts'
import { deadDeps, ingestDeps } from '../../../workers/pipeline/deps.ts'
import { notifyDeps } from '../../../workers/pipeline/deps-alerts.ts'
import * as pipeline from '../../../workers/pipeline/index.ts'
import { workOf } from '../../../workers/pipeline/jobs/index.ts'
import { BOOK_AFTER_MS } from '../../../workers/pipeline/objects/budget/guard.ts'
import { OrgAlerts } from '../../../workers/pipeline/objects/org-alerts.ts'
import { LiveFeed } from '../../../workers/pipeline/objects/live-feed.ts'
import { OrgJobs } from '../../../workers/pipeline/objects/org-jobs.ts'
import { OrgMove } from '../../../workers/pipeline/objects/org-move.ts'
import { TenantAudit } from '../../../workers/pipeline/objects/tenant-audit.ts'
import { TenantBudget } from '../../../workers/pipeline/objects/tenant-budget.ts'
import { handleDeadBatch } from '../../../workers/pipeline/queues/dead.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { handleNotify } from '../../../workers/pipeline/queues/notify.ts'
import { SETTLE_MS } from '../../../workers/services/erasure/work.ts'
import { advanceJob } from '../../../workers/services/job/run.ts'
import { draft } from '../../support/audit-log.ts'
import { makeBatch } from '../../support/batches.ts'
import { accept, beginMove, heldQueues, jobOf, real, tracesOf } from '../../support/moving.ts'
import {
  elsewhereOf,
  eventsOf,
  jobsOf,
  messagesOf,
  residentOf,
  sleeping,
  toldAtHome,
  toldBy,
  waitingJob,
  type Resident,
} from '../../support/residents.ts'
import { dueReport } from '../../support/report-world.ts'
import { storedIn } from '../../support/stored.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const PINNED = ['eu', 'us'] as const

/**
 * Which bindings each job of the crons tells of the tenants below, DATA, BUCKET and QUEUE being those of their cell.
 * A job that is not here fails: give it something to do, and say whom it tells.
 */
const TOLD_BY_CRON: Record<keyof typeof CRON_JOBS, string[]> = {
  moves: ['CONTROL', 'ORG_MOVE'],
  purge: ['CONTROL', 'DATA', 'ORG_JOBS'],
  sweep: ['BUCKET', 'DATA', 'QUEUE'],
  exports: ['BUCKET'],
  archive: ['BUCKET', 'DATA'],
  // What is published for everybody.
  prices: [],
  // By age alone: nothing in its statements is anybody's.
  prune: [],
  pack_days: ['DATA'],
  retention: ['BUCKET', 'DATA', 'TENANT_AUDIT'],
  catch_up: ['DATA', 'LIVE_FEED', 'TENANT_BUDGET'],
  rollup: ['DATA'],
  trace_rollup: ['DATA'],
  jobs: ['ORG_JOBS'],
  reports: ['DATA', 'REPORTS'],
}

/** A tenant whose data give every job of the crons something to do. */
async function busyResident(cell: (typeof PINNED)[number]): Promise<Resident> {
  const resident = await residentOf(cell)
  const { tenant, mark } = resident
  const consume = (name: string, checkpoint?: (step: string) => void) =>
    handleIngest(messagesOf(resident, `agentops-ingest-${cell}`, name), ingestDeps(real, cell, checkpoint))
  await consume('applied')
  await consume('its consumer died', (step) => {
    if (step === 'after_commit') throw new Error('killed')
  })
  await accept(heldQueues(), makeBatch(tenant, eventsOf(mark, 'waits')), true)
  await dueReport(resident)
  await real.CONTROL.prepare(
    'UPDATE project SET events_days = 1, traces_days = 1, metrics_days = 7, archive_days = 1 WHERE id = ?1',
  )
    .bind(tenant.project_id)
    .run()
  await cellFor(real, cell).bucket.put(`exports/${tenant.org_id}/x/manifest.json`, mark)
  await waitingJob(resident, 'export')
  return resident
}

/** All that one job of the crons tells, wherever it is run. */
function runCronJob(job: CronJob, resident: Pick<Resident, 'names'>) {
  return toldBy(
    resident,
    async (env) => {
      for (const place of placesOf(job)) await job.run({ ...place, env, due_ms: Date.now(), startup: true })
    },
    sleeping,
  )
}

/** Objects that do something by themselves. */
const ALARMS = { LiveFeed, OrgAlerts, TenantBudget, TenantAudit, OrgJobs, OrgMove }
const BINDINGS = {
  LiveFeed: 'LIVE_FEED',
  OrgAlerts: 'ORG_ALERTS',
  TenantBudget: 'TENANT_BUDGET',
  TenantAudit: 'TENANT_AUDIT',
  OrgJobs: 'ORG_JOBS',
  OrgMove: 'ORG_MOVE',
} as const

/** What an object tells in one turn of its alarm, with bindings that record; `before` readies it. */
function alarmOf<Name extends keyof typeof ALARMS>(
  resident: Resident,
  name: Name,
  before: (object: InstanceType<(typeof ALARMS)[Name]>, storage: DurableObjectStorage) => Promise<unknown>,
) {
  const { cell, org_id } = resident.tenant
  const namespaces = real as unknown as Record<string, DurableObjectNamespace>
  const namespace = namespaces[BINDINGS[name]]
  if (namespace === undefined) throw new Error(`no binding ${BINDINGS[name]}`)
  const stub = cellFor(real, cell).object(namespace, org_id)
  return toldBy(resident, (env) =>
    runInDurableObject(stub, async (_, state) => {
      const object = new ALARMS[name](state, env) as InstanceType<(typeof ALARMS)[Name]>
      await before(object, state.storage)
      await object.alarm()
      // What it would go on with, it would with bindings that nobody sees.
      await state.storage.deleteAlarm()
    }),
  )
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

it('every job of the crons and every alarm is looked at here', () => {
  expect(Object.keys(TOLD_BY_CRON)).toEqual(Object.keys(CRON_JOBS))
  const withAlarm = Object.entries(pipeline).filter(
    ([, value]) => typeof value === 'function' && 'alarm' in (value as { prototype: object }).prototype,
  )
  expect(withAlarm.map(([name]) => name).sort()).toEqual(Object.keys(ALARMS).sort())
})

it('what is told of a tenant that is pinned nowhere shows also where it should not be seen', async () => {
  const resident = await residentOf('global')
  const messages = messagesOf(resident, 'agentops-ingest-global', 'applied')
  const { told } = await toldBy(resident, (env) => handleIngest(messages, ingestDeps(env, 'global')))
  const seen = elsewhereOf({ ...resident, tenant: { ...resident.tenant, cell: 'eu' } }, told)
  expect([...new Set(seen.map(({ binding }) => binding))].sort()).toEqual([
    'DATA_GLOBAL_0',
    'LIVE_FEED',
    'METRICS',
    'TENANT_BUDGET',
  ])
})

describe.each(PINNED)('of a tenant pinned to %s', (cell) => {
  it('the consumers tell its own cell only', async () => {
    const resident = await residentOf(cell)
    const ingest = await toldBy(resident, (env) =>
      handleIngest(messagesOf(resident, `agentops-ingest-${cell}`, 'one', 'two'), ingestDeps(env, cell)),
    )
    expect(toldAtHome(resident, ingest.told)).toEqual(['DATA', 'LIVE_FEED', 'TENANT_BUDGET'])
    expect(ingest.told.some(({ text }) => text.includes(resident.mark))).toBe(true)
    expect(ingest.used).not.toContain('METRICS')
    const dead = await toldBy(resident, (env) =>
      handleDeadBatch(messagesOf(resident, `agentops-dead-${cell}`, 'dead'), deadDeps(env, cell)),
    )
    expect(toldAtHome(resident, dead.told)).toEqual(['BUCKET', 'LIVE_FEED'])
    await expectNowhereElse(resident)
  })

  it('the crons tell its own cell only', async () => {
    const resident = await busyResident(cell)
    const [moving, deleted] = [await residentOf(cell), await residentOf(cell)]
    await beginMove(moving.tenant, 'global')
    await real.CONTROL.prepare('UPDATE organization SET deleted_ms = 1 WHERE id = ?1').bind(deleted.tenant.org_id).run()
    const names = [...resident.names, ...moving.names, ...deleted.names]
    const found: Record<string, string[]> = {}
    for (const [every, later] of [
      ['minute', 2 * HOUR_MS],
      ['hour', 2 * DAY_MS],
      ['hour', 8 * DAY_MS],
    ] as const) {
      vi.setSystemTime(Date.now() + later)
      for (const [name, job] of Object.entries<CronJob>(CRON_JOBS)) {
        if (job.every !== every) continue
        const { told, used } = await runCronJob(job, { names })
        found[name] = [...new Set([...(found[name] ?? []), ...toldAtHome(resident, told)])].sort()
        expect(used, name).not.toContain('METRICS')
        if (job.per === 'shard') expect(used, name).toContain(`DATA_${cell.toUpperCase()}_0`)
      }
    }
    expect(found).toEqual(TOLD_BY_CRON)
    await expectNowhereElse(resident)
  })

  it.each(JOB_KINDS)('a job of kind %s tells its own cell only', async (kind) => {
    const resident = await busyResident(cell)
    await waitingJob(resident, kind)
    const kinds: string[] = []
    const { told, used } = await toldBy(resident, async (env) => {
      for (let job = await jobsOf.next(resident); job !== null; job = await jobsOf.next(resident)) {
        kinds.push(job.kind)
        // The pause of an erasure need not be waited for.
        const kept = job.step === 'settle' ? { ...job, cursor: { until: Date.now() - SETTLE_MS } } : job
        const work = workOf(env, resident.tenant, job.kind)
        await advanceJob(jobsOf.store, resident.tenant, work, kept, () => Date.now())
        if (kinds.length > 300) throw new Error(`a job of kind ${job.kind} has no end`)
      }
    })
    expect(kinds).toContain(kind)
    expect(toldAtHome(resident, told)).toEqual(expect.arrayContaining(['BUCKET', 'DATA']))
    expect(used).not.toContain('METRICS')
    await expectNowhereElse(resident)
  })

  it('the alarm of TenantBudget tells its own cell only', async () => {
    const resident = await residentOf(cell)
    const { tenant, mark } = resident
    const { told } = await alarmOf(resident, 'TenantBudget', async (object) => {
      const work = { estimate_usd: '0.0000005', agent_id: mark, model: 'gpt-4o', provider: 'openai' }
      const { reservations } = await object.reserve(tenant, [work])
      await object.settle(tenant, { reservation_id: reservations[0]?.reservation_id ?? '', cost_usd: '0.0000003' })
      vi.setSystemTime(Date.now() + BOOK_AFTER_MS)
    })
    expect(toldAtHome(resident, told)).toEqual(['BUCKET', 'QUEUE'])
    await expectNowhereElse(resident)
  })

  it('the alarm of OrgAlerts tells its own cell only, and so does who tells its channels', async () => {
    const resident = await residentOf(cell)
    const { tenant } = resident
    const { told } = await alarmOf(resident, 'OrgAlerts', async (object) => {
      await object.createChannel(tenant, 'https://ops.acme.io', 'chn_1', null, {
        name: 'c',
        enabled: true,
        settings: { type: 'email', to: ['a@acme.io'] },
      })
      const { rule } = ALERT_PRESETS.spend_spike
      await object.createRule(tenant, 'rul_1', 'UTC', rule)
      await object.createRule(tenant, 'rul_2', 'UTC', { ...ALERT_PRESETS.budget_threshold.rule })
      await object.testChannel(tenant, 'https://ops.acme.io', 'chn_1', 'dlv_1')
    })
    expect(toldAtHome(resident, told)).toEqual(['CONTROL', 'DATA', 'NOTIFY', 'TENANT_BUDGET'])
    const { org_id, shard } = tenant
    const task = { v: 1, org_id, cell, shard, delivery_id: 'dlv_1' }
    const sent = await toldBy(resident, (env) =>
      handleNotify(
        createMessageBatch(`agentops-notify-${cell}`, [{ id: '1', timestamp: new Date(), attempts: 1, body: task }]),
        notifyDeps(env, cell),
      ),
    )
    expect(toldAtHome(resident, sent.told)).toEqual(['KEYS', 'ORG_ALERTS'])
    await expectNowhereElse(resident)
  })

  it('the alarm of TenantAudit tells its own cell only', async () => {
    const resident = await residentOf(cell)
    const { tenant } = resident
    const { told } = await alarmOf(resident, 'TenantAudit', (object) =>
      object.append(tenant, [{ id: 'a', draft: draft() }]),
    )
    expect(toldAtHome(resident, told)).toEqual(['BUCKET'])
    await expectNowhereElse(resident)
  })

  it('the alarm of LiveFeed tells its own cell only', async () => {
    const resident = await residentOf(cell)
    const { told } = await alarmOf(resident, 'LiveFeed', async (feed, storage) => {
      const event = JSON.stringify({ trace_id: resident.mark })
      await feed.hold(resident.tenant, 'logs/1', [{ account: 'a', from_ms: 1, to_ms: 2, events: [event] }])
      storage.sql.exec('UPDATE signal_held SET due_ms = 0')
    })
    expect(toldAtHome(resident, told)).toEqual(['BUCKET', 'QUEUE'])
    expect(elsewhereOf(resident, told)).toEqual([])
  })

  it('the alarm of OrgJobs tells its own cell only', async () => {
    const resident = await busyResident(cell)
    const { told } = await alarmOf(resident, 'OrgJobs', (_, storage) => storage.put('tenant', resident.tenant))
    expect(toldAtHome(resident, told)).toEqual(expect.arrayContaining(['BUCKET', 'CONTROL', 'DATA', 'TENANT_BUDGET']))
    expect(await jobsOf.next(resident)).toBeNull()
    await expectNowhereElse(resident)
  })

  it('the alarm of OrgMove tells the two cells of the move only', async () => {
    const resident = await busyResident(cell)
    const { tenant, mark, names } = resident
    await cellFor(real, cell).shard(0).prepare('DELETE FROM job WHERE org_id = ?1').bind(tenant.org_id).run()
    const [to] = PINNED.filter((other) => other !== cell)
    if (to === undefined) throw new Error('nowhere to go')
    await beginMove(tenant, to)
    const told = []
    for (let turn = 0; turn < 20 && (await jobOf(tenant.org_id)).state === 'running'; turn++) {
      told.push(...(await alarmOf(resident, 'OrgMove', (_, storage) => storage.put('org', tenant.org_id))).told)
      vi.setSystemTime(Date.now() + 10 * MINUTE_MS)
    }
    expect((await jobOf(tenant.org_id)).state).toBe('done')
    const used = new Set(told.map(({ binding }) => binding))
    expect(used).toContain(`DATA_${to.toUpperCase()}_0`)
    expect([...used].filter((binding) => /GLOBAL|METRICS/.test(binding))).toEqual([])
    expect(told.filter(({ binding, text }) => /CONTROL|KEYS/.test(binding) && text.includes(mark))).toEqual([])
    const named = told.filter(({ method }) => /getByName|idFromName/.test(method))
    expect(named.filter(({ text }) => !/^(eu|us):/.test(text))).toEqual([])
    expect(await tracesOf('global', names)).toEqual([])
  })
})

/** Looks into all that other cells, the control database and KV hold, unpacked. */
async function expectNowhereElse({ tenant: { cell }, mark, names }: Resident): Promise<void> {
  for (const other of CELLS) {
    if (other === cell) continue
    expect(await tracesOf(other, names)).toEqual([])
    expect((await storedIn(other)).filter(({ text }) => text.includes(mark))).toEqual([])
  }
}
