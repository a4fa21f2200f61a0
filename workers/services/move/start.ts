import type { Move } from '../../contract/move.ts'
import { SHARDS, type Cell } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import type { OrgRow } from '../tenant/store.ts'
import type { MoveJob, MoveStore } from './port.ts'

const RANDOM_BYTES = 13
/** Analytics Engine keeps points for three months (docs/decisions/0008-two-back-ends-for-metrics.md). */
const ANALYTICS_DAYS = 92
const DAY_MS = 86_400_000
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

export interface StartDeps {
  moves: Pick<MoveStore, 'create' | 'newest' | 'cancel'>
  /** Lets the organization's move go on; when that fails, a cron does within two minutes. */
  wake(job: MoveJob): Promise<void>
  now(): number
  random(bytes: number): Uint8Array
  sha256(text: string): string
}

/** Begins to move an organization. @throws AppError conflict when it lives there, or is moving. */
export async function startMove(deps: StartDeps, org: OrgRow, region: Cell): Promise<Move> {
  if (org.cell === region) throw new AppError('conflict', 'The organization is in this region already.')
  const now = deps.now()
  const job: MoveJob = {
    id: newId('move', now, deps.random(RANDOM_BYTES)),
    orgId: org.id,
    from: { cell: org.cell, shard: org.shard },
    to: { cell: region, shard: Number.parseInt(deps.sha256(org.id).slice(0, 8), 16) % SHARDS[region] },
    state: 'running',
    step: 'prepare',
    cursor: {},
    numbers: {},
    detail: null,
    createdMs: now,
    updatedMs: now,
    frozenMs: null,
    switchedMs: null,
    cancelMs: null,
    endedMs: null,
    version: 0,
  }
  if (!(await deps.moves.create(job)))
    throw new AppError('conflict', 'A move of this organization is under way: wait for its end, or cancel it.')
  await deps.wake(job).catch(() => {})
  return moveView(job)
}

/** The newest move, if there was one. */
export async function readMove(deps: StartDeps, org: OrgRow): Promise<Move | null> {
  const job = await deps.moves.newest(org.id)
  return job && moveView(job)
}

/** Takes the copy away and leaves everything where it is. @throws AppError conflict when it is too late. */
export async function cancelMove(deps: StartDeps, org: OrgRow): Promise<Move> {
  if (!(await deps.moves.cancel(org.id, deps.now())))
    throw new AppError('conflict', 'No move is under way that could still be cancelled.')
  const job = await deps.moves.newest(org.id)
  if (job === null) throw new AppError('conflict', 'No move is under way that could still be cancelled.')
  await deps.wake(job).catch(() => {})
  return moveView(job)
}

function moveView(job: MoveJob): Move {
  const left = job.switchedMs !== null && job.from.cell === 'global' ? job.switchedMs : null
  return {
    id: job.id,
    from: job.from.cell,
    to: job.to.cell,
    state: job.state,
    step: job.cancelMs !== null && job.endedMs === null ? 'undo' : job.step,
    detail: job.detail,
    started_at: new Date(job.createdMs).toISOString(),
    frozen_at: iso(job.frozenMs),
    switched_at: iso(job.switchedMs),
    deletion_from: iso(job.step === 'wait' ? (job.cursor.untilMs ?? null) : null),
    ended_at: iso(job.endedMs),
    cancellable: job.endedMs === null && job.switchedMs === null && job.cancelMs === null,
    stores: Object.values(job.numbers),
    analytics_engine_until: iso(left === null ? null : left + ANALYTICS_DAYS * DAY_MS),
  }
}
