import { archiveStore } from '../../adapters/d1/archive-source.ts'
import { rollupDays } from '../../adapters/d1/rollup-days.ts'
import { rollupStore } from '../../adapters/d1/rollup-store.ts'
import { traceDays } from '../../adapters/d1/trace-days.ts'
import { traceRollup } from '../../adapters/d1/trace-rollup.ts'
import { cellFor } from '../../adapters/cells.ts'
import { removeOldExports } from '../../adapters/export/files.ts'
import { parquetArchive } from '../../adapters/r2/archive.ts'
import { journalSweep } from '../../adapters/r2/journal.ts'
import { EXPORT_KEPT_DAYS } from '../../contract/export.ts'
import { CELLS, SHARDS, type Cell } from '../../contract/tenant.ts'
import { catchUp } from '../../services/ingest/catch-up.ts'
import { messageOf } from '../../services/ingest/store.ts'
import { archiveShard } from '../../services/recovery/archive.ts'
import { sweepJournal } from '../../services/recovery/sweep.ts'
import { enforceRetention } from '../../services/retention/enforce.ts'
import { wakeReports } from '../../services/report/due.ts'
import { catchUpDeps, type Env } from '../deps.ts'
import { dueDeps } from '../deps-reports.ts'
import { purgeDeleted, wakeJobs } from '../jobs/index.ts'
import { wakeMoves } from '../move/deps.ts'
import { refreshPrices } from './deps-prices.ts'
import { retentionDeps } from './deps-retention.ts'

/** What retention may take of an hour, for each shard. */
const RETENTION_MS = 30_000

/** What a run is given: one shard of one cell, and when the cron fell due. */
export interface Place {
  env: Env
  cell: Cell
  shard: number
  /** Epoch milliseconds. */
  due_ms: number
  /** The first run of a local process. */
  startup: boolean
}

export interface CronJob {
  every: 'minute' | 'hour'
  /** Run once, in each cell, or in each shard of each cell. */
  per: 'all' | 'cell' | 'shard'
  run(place: Place): Promise<unknown>
}

/** All that crons do, in the order in which it is done. */
export const CRON_JOBS = {
  moves: { every: 'minute', per: 'all', run: ({ env }) => wakeMoves(env, Date.now()) },
  purge: { every: 'hour', per: 'all', run: ({ env, due_ms }) => purgeDeleted(env, due_ms) },
  sweep: {
    every: 'minute',
    per: 'cell',
    run: ({ env, cell, startup }) => sweepJournal(journalSweep(cellFor(env, cell), messageOf), Date.now(), startup),
  },
  exports: {
    every: 'hour',
    per: 'cell',
    run: ({ env, cell, due_ms }) => removeOldExports(cellFor(env, cell).bucket, EXPORT_KEPT_DAYS, due_ms),
  },
  archive: {
    every: 'hour',
    per: 'shard',
    run: ({ env, cell, shard, due_ms }) => {
      const { bucket } = cellFor(env, cell)
      return archiveShard({ ...archiveStore(cellFor(env, cell).shard(shard)), ...parquetArchive(bucket) }, due_ms)
    },
  },
  prices: { every: 'hour', per: 'cell', run: ({ env, cell, due_ms }) => refreshPrices(env, cell, due_ms) },
  prune: { every: 'hour', per: 'shard', run: (place) => rollupsOf(place).prune(place.due_ms) },
  pack_days: {
    every: 'hour',
    per: 'shard',
    run: async ({ env, cell, shard, due_ms }) => {
      const db = cellFor(env, cell).shard(shard)
      return { ...(await rollupDays(db).pack(due_ms)), trace_days: (await traceDays(db).pack(due_ms)).days }
    },
  },
  retention: {
    every: 'hour',
    per: 'shard',
    run: ({ env, cell, shard }) => enforceRetention(retentionDeps(env, cell, shard), Date.now() + RETENTION_MS),
  },
  catch_up: {
    every: 'minute',
    per: 'shard',
    run: ({ env, cell, shard, due_ms }) => catchUp(catchUpDeps(env, cell, shard), due_ms),
  },
  rollup: { every: 'minute', per: 'shard', run: (place) => rollDue(rollupsOf(place), place.due_ms) },
  trace_rollup: {
    every: 'minute',
    per: 'shard',
    run: ({ env, cell, shard, due_ms }) => rollDue(traceRollup(cellFor(env, cell).shard(shard)), due_ms),
  },
  jobs: { every: 'minute', per: 'shard', run: ({ env, cell, shard }) => wakeJobs(env, cell, shard, Date.now()) },
  reports: {
    every: 'minute',
    per: 'shard',
    run: ({ env, cell, shard }) => wakeReports(dueDeps(env, cell, shard), Date.now()),
  },
} satisfies Record<string, CronJob>

/** Where a job is run. */
export function placesOf({ per }: CronJob): { cell: Cell; shard: number }[] {
  if (per === 'all') return [{ cell: 'global', shard: 0 }]
  return CELLS.flatMap((cell) =>
    Array.from({ length: per === 'cell' ? 1 : SHARDS[cell] }, (_, shard) => ({ cell, shard })),
  )
}

const rollupsOf = ({ env, cell, shard }: Place) => rollupStore(cellFor(env, cell).shard(shard))

async function rollDue(
  rollups: Pick<ReturnType<typeof rollupStore>, 'due' | 'roll'>,
  nowMs: number,
): Promise<{ organizations: number }> {
  const due = await rollups.due(nowMs)
  for (const orgId of due) while (await rollups.roll(orgId));
  return { organizations: due.length }
}
