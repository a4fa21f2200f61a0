import { createMessageBatch } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { jobStore } from '../../../workers/adapters/d1/job-store.ts'
import { JOB_KINDS, type JobKind } from '../../../workers/contract/job.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { runCron } from '../../../workers/pipeline/crons/index.ts'
import { deadDeps, ingestDeps, type Env } from '../../../workers/pipeline/deps.ts'
import { workOf } from '../../../workers/pipeline/jobs/index.ts'
import { handleDeadBatch } from '../../../workers/pipeline/queues/dead.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { DELETION_STEPS } from '../../../workers/services/deletion/work.ts'
import { SETTLE_MS } from '../../../workers/services/erasure/work.ts'
import { advanceJob, startJob } from '../../../workers/services/job/run.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'
import { accept, heldQueues, livingTenant, real } from '../../support/moving.ts'
import { recordingEnv, type Recorded } from '../../support/recording.ts'

const HOUR_MS = 3_600_000
/** What agents name: none of it is for the control database or KV, let alone another cell. */
const MARK = 'only-known-in-its-region'
const OBJECTS = ['LIVE_FEED', 'TENANT_BUDGET', 'TENANT_AUDIT', 'ORG_JOBS', 'ORG_MOVE']
const GLOBAL = ['CONTROL', 'KEYS']

const store = jobStore(({ cell, shard }) => cellFor(real, cell).shard(shard))
const eventsOf = (name: string): CanonicalEvent[] =>
  traceEvents(`${MARK}-${name}`, 2, 1_000_001).map((event) => ({ ...event, user_id: MARK, agent_id: MARK }))

/** What each kind of job is asked, and where it begins. A kind that is new has to be added to compile. */
const JOBS: Record<JobKind, (tenant: ProjectTenant) => { step: string; input: Record<string, unknown> }> = {
  erasure: () => ({ step: 'wait', input: { subject: MARK, token: 'erased_token', digest: 'x' } }),
  export: () => ({ step: 'organization', input: { ledger: {} } }),
  deletion: ({ project_id }) => ({
    step: DELETION_STEPS[0],
    input: { project_id, projects: [project_id], owners: [], name: 'x', deleted_ms: 1 },
  }),
}

async function runJob(env: Env, tenant: ProjectTenant, kind: JobKind): Promise<void> {
  const { step, input } = JOBS[kind](tenant)
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  await startJob({ store, wake: async () => {}, now: () => Date.now(), random }, tenant, kind, step, input)
  for (let units = 0; units < 200; units++) {
    const job = await store.next(tenant)
    if (job === null) return
    // The pause of an erasure need not be waited for.
    const kept = job.step === 'settle' ? { ...job, cursor: { until: Date.now() - SETTLE_MS } } : job
    await advanceJob(store, tenant, workOf(env, tenant, kind), kept, () => Date.now())
  }
  throw new Error(`a job of kind ${kind} has no end`)
}

const batchOf = (queue: string, bodies: Uint8Array[]) =>
  createMessageBatch(
    queue,
    bodies.map((body, i) => ({ id: String(i), timestamp: new Date(), attempts: 1, body })),
  )

/** Everything that the pipeline does by itself with a tenant's data, through recording bindings. */
async function lived(tenant: ProjectTenant): Promise<Recorded[]> {
  const { cell } = tenant
  const { env, calls } = recordingEnv(real)
  const bodies = [1, 2, 3].map((n) => envelopeOf(makeBatch(tenant, eventsOf(`${n}-${tenant.org_id}`))))
  await handleIngest(batchOf(`agentops-ingest-${cell}`, bodies), ingestDeps(env, cell))
  const dead = envelopeOf(makeBatch(tenant, eventsOf(`dead-${tenant.org_id}`)))
  await handleDeadBatch(batchOf(`agentops-dead-${cell}`, [dead]), deadDeps(env, cell))
  await accept(heldQueues(), makeBatch(tenant, eventsOf(`waits-${tenant.org_id}`)), true)
  await real.CONTROL.prepare(
    'UPDATE project SET events_days = 1, traces_days = 1, metrics_days = 7, archive_days = 1 WHERE id = ?1',
  )
    .bind(tenant.project_id)
    .run()
  for (const [cron, ahead] of [
    ['* * * * *', HOUR_MS],
    ['7 * * * *', 2 * HOUR_MS],
    ['7 * * * *', 10 * 24 * HOUR_MS],
  ] as const)
    await runCron({ cron, scheduledTime: Date.now() + ahead, noRetry() {} }, env)
  for (const kind of JOB_KINDS) await runJob(env, tenant, kind)
  return calls
}

describe.each(['eu', 'us'] as const)('a tenant pinned to %s', (cell) => {
  it('is touched in its own region only by every consumer, cron and job', async () => {
    const tenant = await livingTenant(cell)
    const calls = await lived(tenant)
    const names = [tenant.org_id, tenant.project_id, MARK]
    const told = calls.filter(({ text }) => names.some((name) => text.includes(name)))
    const own = new RegExp(`_${cell.toUpperCase()}(_|$)`)
    const elsewhere = told.filter(
      ({ binding }) => !own.test(binding) && !GLOBAL.includes(binding) && !OBJECTS.includes(binding),
    )
    expect(elsewhere.map(({ binding, method }) => `${binding}.${method}`)).toEqual([])
    expect(told.filter(({ binding, text }) => GLOBAL.includes(binding) && text.includes(MARK))).toEqual([])
    const named = told.filter(({ binding, method }) => OBJECTS.includes(binding) && /getByName|idFromName/.test(method))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(({ text }) => !text.startsWith(`${cell}:`))).toEqual([])
    // It would prove nothing if these had not been used.
    const used = new Set(told.map(({ binding }) => binding))
    for (const binding of [
      `DATA_${cell.toUpperCase()}_0`,
      `BUCKET_${cell.toUpperCase()}`,
      'LIVE_FEED',
      'TENANT_BUDGET',
    ])
      expect(used).toContain(binding)
    expect(told.some(({ binding, text }) => own.test(binding) && text.includes(MARK))).toBe(true)
  }, 40_000)
})
