import type { SpendDelta } from '../../contract/budget.ts'
import { spendDeltas } from '../../domain/spend-delta.ts'
import { newsOf, type CommitNews, type StoredDelta } from './apply.ts'

/** Commits this young may still be on their way through the consumer. */
export const SETTLE_MS = 15_000
const DELTAS_MAX = 500

export interface StoredCommit {
  commit_id: string
  seq: number
  deltas: (StoredDelta & { batches: string[] })[]
}

export interface CatchUpDeps {
  /** Organizations with deltas after their `budget` progress, and that progress. */
  behind(settledMs: number): Promise<{ org_id: string; seq: number }[]>
  commitsAfter(orgId: string, seq: number, settledMs: number, limit: number): Promise<StoredCommit[]>
  missing(orgId: string, commitIds: string[]): Promise<string[]>
  /** Closes the receipts of these batches. */
  close(delta: StoredDelta & { batches: string[] }): Promise<void>
  applySpend(orgId: string, commitId: string, deltas: SpendDelta[], more: CommitNews): Promise<void>
  advance(orgId: string, from: number, to: number): Promise<void>
}

/**
 * Repeats what follows a commit for commits whose consumer died in between: the delta log is the truth,
 * the consumer's calls are only the fast road. Returns how many commits were repaired.
 */
export async function catchUp(deps: CatchUpDeps, nowMs: number): Promise<{ repaired: number }> {
  let repaired = 0
  const settledMs = nowMs - SETTLE_MS
  for (const { org_id, seq } of await deps.behind(settledMs)) {
    let from = seq
    for (;;) {
      const commits = await deps.commitsAfter(org_id, from, settledMs, DELTAS_MAX)
      const last = commits.at(-1)
      if (last === undefined) break
      const missing = new Set(
        await deps.missing(
          org_id,
          commits.map((c) => c.commit_id),
        ),
      )
      for (const commit of commits) {
        if (!missing.has(commit.commit_id)) continue
        for (const delta of commit.deltas) await deps.close(delta)
        await deps.applySpend(
          org_id,
          commit.commit_id,
          commit.deltas.flatMap((d) => spendDeltas(d.money, d)),
          newsOf(commit.deltas),
        )
        repaired++
      }
      await deps.advance(org_id, from, last.seq)
      from = last.seq
    }
  }
  return { repaired }
}
