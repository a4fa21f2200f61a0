import { DurableObject } from 'cloudflare:workers'
import type { OrgMoveRpc } from '../../contract/move.ts'
import { advance } from '../../services/move/job.ts'
import type { MoveDeps, MoveJob } from '../../services/move/port.ts'
import type { Env } from '../deps.ts'
import { log } from '../log.ts'
import { moveDeps } from '../move/deps.ts'

/** One alarm works for this long, and within the calls that one invocation may make. */
const TURN_MS = 10_000
const UNITS_MAX = 100
const AGAIN_MS = 2_000
const AGAIN_MS_MAX = 60_000

/** Carries out the move of one organization, a turn at a time. What it knows lies in the control database. */
export class OrgMove extends DurableObject<Env> implements OrgMoveRpc {
  async run(orgId: string): Promise<void> {
    await this.ctx.storage.put('org', orgId)
    await this.ctx.storage.put('failures', 0)
    await this.ctx.storage.setAlarm(Date.now())
  }

  override async alarm(): Promise<void> {
    const orgId = await this.ctx.storage.get<string>('org')
    if (orgId === undefined) return
    const deps = moveDeps(this.env)
    const job = await deps.moves.newest(orgId)
    if (job?.state !== 'running') return this.ctx.storage.deleteAll()
    try {
      const next = await this.turn(deps, job)
      await this.ctx.storage.put('failures', 0)
      await this.ctx.storage.setAlarm(
        next.step === 'wait' ? Math.max(Date.now(), next.cursor.untilMs ?? 0) : Date.now(),
      )
    } catch (error) {
      await this.failed(deps, job, error)
    }
  }

  private async turn(deps: MoveDeps, first: MoveJob): Promise<MoveJob> {
    const until = Date.now() + TURN_MS
    let job = first
    for (let unit = 0; unit < UNITS_MAX && job.state === 'running' && Date.now() < until; unit++) {
      job = await advance(deps, job)
      if (job.step === 'wait' && Date.now() < (job.cursor.untilMs ?? 0)) break
    }
    return job
  }

  /** Not left to the platform's retries, which end after six. */
  private async failed(deps: MoveDeps, { orgId, id }: MoveJob, error: unknown): Promise<void> {
    const failures = ((await this.ctx.storage.get<number>('failures')) ?? 0) + 1
    log(this.env.LOG_LEVEL)('error', 'move.failed', { org_id: orgId, move_id: id, failures, error: String(error) })
    await this.ctx.storage.put('failures', failures)
    await this.ctx.storage.setAlarm(Date.now() + Math.min(AGAIN_MS * 2 ** (failures - 1), AGAIN_MS_MAX))
    const job = await deps.moves.newest(orgId)
    const detail = String(error).includes('a job of the organization is under way')
      ? 'It waits for the end of another job of the organization, such as erasing a person.'
      : `The last try failed (${failures} in a row); it is repeated.`
    if (job?.state === 'running') await deps.moves.save({ ...job, detail }, Date.now()).catch(() => {})
  }
}
