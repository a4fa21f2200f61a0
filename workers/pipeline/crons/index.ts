import { cellFor } from '../../adapters/cells.ts'
import { archiveStore } from '../../adapters/d1/archive-source.ts'
import { rollupDays } from '../../adapters/d1/rollup-days.ts'
import { rollupStore } from '../../adapters/d1/rollup-store.ts'
import { removeOldExports } from '../../adapters/export/files.ts'
import { EXPORT_KEPT_DAYS } from '../../contract/export.ts'
import { journalSweep } from '../../adapters/r2/journal.ts'
import { parquetArchive } from '../../adapters/r2/archive.ts'
import { CELLS, type Cell } from '../../contract/tenant.ts'
import { catchUp } from '../../services/ingest/catch-up.ts'
import { archiveShard } from '../../services/recovery/archive.ts'
import { messageOf } from '../../services/ingest/store.ts'
import { enforceRetention } from '../../services/retention/enforce.ts'
import { sweepJournal } from '../../services/recovery/sweep.ts'
import { catchUpDeps, type Env } from '../deps.ts'
import { purgeDeleted, wakeJobs } from '../jobs/index.ts'
import { retentionDeps } from './deps-retention.ts'
import { log } from '../log.ts'
import { wakeMoves } from '../move/deps.ts'

const HOURLY = '7 * * * *'
/** What retention may take of an hour, for each shard. */
const RETENTION_MS = 30_000
let started = false

/** Runs the jobs of a cron. One that fails is logged and does not keep the others from running. */
export async function runCron(controller: ScheduledController, env: Env): Promise<void> {
  const now = controller.scheduledTime
  // The local queue lives in memory: the first run of a process sends everything that is not applied.
  const startup = !started && env.APP_ENV !== 'production'
  started = true
  if (controller.cron !== HOURLY) await attempt(env, 'moves', 'global', () => wakeMoves(env, Date.now()))
  else await attempt(env, 'purge', 'global', () => purgeDeleted(env, now))
  for (const cell of CELLS) {
    const stores = cellFor(env, cell)
    if (controller.cron !== HOURLY)
      await attempt(env, 'sweep', cell, () => sweepJournal(journalSweep(stores, messageOf), Date.now(), startup))
    if (controller.cron === HOURLY)
      await attempt(env, 'exports', cell, () => removeOldExports(stores.bucket, EXPORT_KEPT_DAYS, now))
    for (let shard = 0; shard < stores.shards; shard++) {
      const rollups = rollupStore(stores.shard(shard))
      if (controller.cron === HOURLY) {
        await attempt(env, 'archive', cell, () =>
          archiveShard({ ...archiveStore(stores.shard(shard)), ...parquetArchive(stores.bucket) }, now),
        )
        await attempt(env, 'prune', cell, () => rollups.prune(now))
        await attempt(env, 'pack_days', cell, () => rollupDays(stores.shard(shard)).pack(now))
        await attempt(env, 'retention', cell, () =>
          enforceRetention(retentionDeps(env, cell, shard), Date.now() + RETENTION_MS),
        )
        continue
      }
      await attempt(env, 'catch_up', cell, () => catchUp(catchUpDeps(env, cell, shard), now))
      await attempt(env, 'rollup', cell, () => rollDue(rollups, now))
      await attempt(env, 'jobs', cell, () => wakeJobs(env, cell, shard, Date.now()))
    }
  }
}

async function rollDue(rollups: ReturnType<typeof rollupStore>, nowMs: number): Promise<{ organizations: number }> {
  const due = await rollups.due(nowMs)
  for (const orgId of due) while (await rollups.roll(orgId));
  return { organizations: due.length }
}

async function attempt(env: Env, job: string, cell: Cell, run: () => Promise<unknown>): Promise<void> {
  const write = log(env.LOG_LEVEL)
  try {
    write('debug', `cron.${job}`, { cell, result: await run() })
  } catch (error) {
    write('error', `cron.${job}`, { cell, error: String(error) })
  }
}
