import type { DeadLetter } from '../../contract/api.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'

interface Letter {
  batch_id: string
  events: number
  received_ms: number
  dead_ms: number
  reason: string
  replayed_ms: number | null
}

export interface ReplayDeps {
  list(
    tenant: ProjectTenant,
    cursor: string | undefined,
    limit: number,
  ): Promise<{ letters: Letter[]; cursor: string | null }>
  find(tenant: ProjectTenant, batchId: string): Promise<{ letter: Letter; bytes: Uint8Array } | null>
  send(tenant: ProjectTenant, bytes: Uint8Array): Promise<unknown>
  markReplayed(tenant: ProjectTenant, batchId: string): Promise<void>
  remove(tenant: ProjectTenant, batchId: string): Promise<void>
  isApplied(tenant: ProjectTenant, batchId: string): Promise<boolean>
}

/** Dead letters of a project; one that was replayed and applied meanwhile is removed instead of listed. */
export async function listDeadLetters(
  deps: ReplayDeps,
  tenant: ProjectTenant,
  cursor: string | undefined,
  limit: number,
): Promise<{ data: DeadLetter[]; next_cursor: string | null }> {
  const page = await deps.list(tenant, cursor, limit)
  const data: DeadLetter[] = []
  for (const letter of page.letters) {
    if (letter.replayed_ms !== null && (await deps.isApplied(tenant, letter.batch_id)))
      await deps.remove(tenant, letter.batch_id)
    else data.push(view(letter))
  }
  return { data, next_cursor: page.cursor }
}

/** Sends a dead batch through the pipeline again; applying it twice is impossible. @throws AppError not_found. */
export async function replayDeadLetter(deps: ReplayDeps, tenant: ProjectTenant, batchId: string): Promise<DeadLetter> {
  const found = await deps.find(tenant, batchId)
  if (!found) throw new AppError('not_found', 'There is no such dead letter.')
  await deps.send(tenant, found.bytes)
  await deps.markReplayed(tenant, batchId)
  return { ...view(found.letter), replayable: false }
}

function view(letter: Letter): DeadLetter {
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    batch_id: letter.batch_id,
    events: letter.events,
    received_at: letter.received_ms > 0 ? iso(letter.received_ms) : null,
    dead_at: iso(letter.dead_ms),
    reason: letter.reason,
    replayable: letter.replayed_ms === null,
  }
}
