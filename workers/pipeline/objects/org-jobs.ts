import { DurableObject } from 'cloudflare:workers'
import type { OrgJobsRpc } from '../../contract/job.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Job, JobStore } from '../../services/job/port.ts'
import { advanceJob } from '../../services/job/run.ts'
import type { Env } from '../deps.ts'
import { jobsOf, workOf } from '../jobs/index.ts'
import { log } from '../log.ts'

/** One alarm works for this long, and within the calls that one invocation may make. */
const TURN_MS = 10_000
const UNITS_MAX = 100
const AGAIN_MS = 2_000
const AGAIN_MS_MAX = 60_000
/** A unit that waits for something says so by its cursor, and is asked again after this long. */
const WAIT_MS = 2_000

/** Does the jobs of one organization, oldest first and a turn at a time. What it knows lies in the data shard. */
export class OrgJobs extends DurableObject<Env> implements OrgJobsRpc {
  async run(tenant: Tenant): Promise<void> {
    await this.ctx.storage.put('tenant', tenant)
    await this.ctx.storage.put('failures', 0)
    await this.ctx.storage.setAlarm(Date.now())
  }

  async wipe(): Promise<void> {
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
  }

  override async alarm(): Promise<void> {
    const tenant = await this.ctx.storage.get<Tenant>('tenant')
    if (tenant === undefined) return
    const store = jobsOf(this.env)
    const job = await store.next(tenant)
    if (job === null) return this.wipe()
    try {
      const next = await this.turn(store, tenant, job)
      await this.ctx.storage.put('failures', 0)
      await this.ctx.storage.setAlarm(Date.now() + (isWaiting(next) ? WAIT_MS : 0))
    } catch (error) {
      await this.failed(store, tenant, job, error)
    }
  }

  private async turn(store: JobStore, tenant: Tenant, first: Job): Promise<Job> {
    const until = Date.now() + TURN_MS
    const work = workOf(this.env, tenant, first.kind)
    let job = first
    for (let unit = 0; unit < UNITS_MAX && job.state === 'running' && Date.now() < until; unit++) {
      job = await advanceJob(store, tenant, work, job, () => Date.now())
      if (isWaiting(job)) break
    }
    if (job.state === 'done' && work.isLast?.(job) === true) await store.removeAll(tenant)
    return job
  }

  /** Not left to the platform's retries, which end after six. */
  private async failed(store: JobStore, tenant: Tenant, { id, kind }: Job, error: unknown): Promise<void> {
    const failures = ((await this.ctx.storage.get<number>('failures')) ?? 0) + 1
    // Of the error only what cannot name a person.
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
    log(this.env.LOG_LEVEL)('error', 'job.failed', { org_id: tenant.org_id, job_id: id, kind, failures, error: reason })
    await this.ctx.storage.put('failures', failures)
    await this.ctx.storage.setAlarm(Date.now() + Math.min(AGAIN_MS * 2 ** (failures - 1), AGAIN_MS_MAX))
    const job = await store.find(tenant, kind, id)
    const detail = `The last try failed (${failures} in a row); it is repeated.`
    if (job?.state === 'running') await store.save(tenant, { ...job, detail }, Date.now()).catch(() => {})
  }
}

const isWaiting = (job: Job) => job.state === 'running' && job.cursor['waiting'] === true
