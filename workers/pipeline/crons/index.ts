import type { Env } from '../deps.ts'
import { log } from '../log.ts'
import { CRON_JOBS, placesOf, type CronJob, type Place } from './deps-jobs.ts'

const HOURLY = '7 * * * *'
let started = false

/** Runs the jobs of a cron. One that fails is logged and does not keep the others from running. */
export async function runCron(controller: ScheduledController, env: Env): Promise<void> {
  // The local queue lives in memory: the first run of a process sends everything that is not applied.
  const startup = !started && env.APP_ENV !== 'production'
  started = true
  const every = controller.cron === HOURLY ? 'hour' : 'minute'
  for (const [name, job] of Object.entries<CronJob>(CRON_JOBS)) {
    if (job.every !== every) continue
    for (const { cell, shard } of placesOf(job))
      await attempt(name, job, { env, cell, shard, due_ms: controller.scheduledTime, startup })
  }
}

async function attempt(name: string, job: CronJob, place: Place): Promise<void> {
  const { env, cell } = place
  const write = log(env.LOG_LEVEL)
  try {
    write('debug', `cron.${name}`, { cell, result: await job.run(place) })
  } catch (error) {
    write('error', `cron.${name}`, { cell, error: String(error) })
  }
}
