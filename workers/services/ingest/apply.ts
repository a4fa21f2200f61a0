import type { GuardSpend, SpendDelta } from '../../contract/budget.ts'
import type { CallOutcome } from '../../contract/control.ts'
import type { LivePublish } from '../../contract/live.ts'
import type { Tenant } from '../../contract/tenant.ts'
import {
  guardSpendOf,
  planCommit,
  type DecodedBatch,
  type GuardTuple,
  type PlanTools,
  type ProjectPart,
} from '../../domain/commit-plan.ts'
import { callOutcomeOf, type CallTuple } from '../../domain/control/outcome.ts'
import type { CountTuple, MoneyTuple } from '../../domain/rollup-row.ts'
import { spendDeltas } from '../../domain/spend-delta.ts'

/** A commit's stored result for one project. */
export interface StoredDelta {
  org_id: string
  project_id: string
  workspace_id: string
  commit_id: string
  seq: number
  money: MoneyTuple[]
  guard: GuardTuple[]
  calls: CallTuple[]
}

export interface AppliedBatch {
  project_id: string
  batch_id: string
  org_id: string
  commit_id: string
  applied_ms: number
}

/** The data shard, as far as ingest needs it. */
export interface CommitStore {
  /** All or nothing; `already_applied` when a batch of the group is in the store, which then is unchanged. */
  commit(
    plan: ReturnType<typeof planCommit>,
    commitId: string,
    nowMs: number,
  ): Promise<StoredDelta[] | 'already_applied'>
  findApplied(batches: { project_id: string; batch_id: string }[]): Promise<AppliedBatch[]>
  deltasOf(orgId: string, commitId: string, appliedMs: number): Promise<StoredDelta[]>
}

/** What TenantBudget learns of a commit beside its spend. */
export interface CommitNews {
  guard: GuardSpend[]
  calls: CallOutcome[]
}

/** Everything that follows a commit; each call may be repeated with the same commit id. */
export interface CommitSinks {
  applySpend(tenant: Tenant, commitId: string, deltas: SpendDelta[], more: CommitNews): Promise<void>
  publish(message: LivePublish): Promise<void>
  writeMetrics(
    tenant: Tenant,
    parts: { project_id: string; workspace_id: string; counts: CountTuple[]; money: MoneyTuple[] }[],
  ): Promise<void>
}

export interface ApplyDeps {
  store: CommitStore
  sinks: CommitSinks
  tools: Omit<PlanTools, 'pricesOf'>
  /** The books of these organizations of one shard. */
  openPrices(orgIds: readonly string[]): Promise<PlanTools['pricesOf']>
  now(): number
  newCommitId(): string
  /** Called between every two steps; tests throw here. */
  checkpoint(step: string): void
}

/**
 * Applies batches of one shard exactly once: one atomic commit, then the idempotent steps. May be called
 * again with any of the same batches, in any grouping, after failing anywhere.
 */
export async function applyBatches(
  deps: ApplyDeps,
  group: readonly DecodedBatch[],
  redelivered: boolean,
): Promise<void> {
  const fresh = redelivered ? await repeatApplied(deps, group) : [...group]
  if (fresh.length === 0) return
  const plan = planCommit(fresh, await toolsFor(deps, fresh))
  const commitId = deps.newCommitId()
  deps.checkpoint('before_commit')
  const stored = await deps.store.commit(plan, commitId, deps.now())
  if (stored === 'already_applied') {
    if (redelivered) throw new Error('a batch was applied by another consumer at this moment')
    return applyBatches(deps, group, true)
  }
  deps.checkpoint('after_commit')
  await follow(deps, commitId, stored, plan.projects)
  deps.checkpoint('after_follow')
}

async function toolsFor(deps: ApplyDeps, group: readonly DecodedBatch[]): Promise<PlanTools> {
  const pricesOf = await deps.openPrices([...new Set(group.map(({ header }) => header.org_id))])
  return { ...deps.tools, pricesOf }
}

/** Repeats what follows a commit for batches that are applied already; returns those that are not. */
async function repeatApplied(deps: ApplyDeps, group: readonly DecodedBatch[]): Promise<DecodedBatch[]> {
  const applied = await deps.store.findApplied(group.map((b) => b.header))
  const keyOf = (b: { project_id: string; batch_id: string }) => `${b.project_id}\n${b.batch_id}`
  const found = new Map(applied.map((a) => [keyOf(a), a]))
  const commits = new Map<string, { applied: AppliedBatch; batches: DecodedBatch[] }>()
  for (const batch of group) {
    const hit = found.get(keyOf(batch.header))
    if (!hit) continue
    const commit = commits.get(`${hit.commit_id}\n${hit.org_id}`)
    if (commit) commit.batches.push(batch)
    else commits.set(`${hit.commit_id}\n${hit.org_id}`, { applied: hit, batches: [batch] })
  }
  for (const { applied: hit, batches } of commits.values()) {
    const stored = await deps.store.deltasOf(hit.org_id, hit.commit_id, hit.applied_ms)
    await follow(deps, hit.commit_id, stored, planCommit(batches, await toolsFor(deps, batches)).projects)
  }
  return group.filter((batch) => !found.has(keyOf(batch.header)))
}

async function follow(deps: ApplyDeps, commitId: string, stored: StoredDelta[], parts: ProjectPart[]): Promise<void> {
  const orgs = new Map<string, ProjectPart[]>()
  for (const part of parts) orgs.set(part.header.org_id, [...(orgs.get(part.header.org_id) ?? []), part])
  for (const [orgId, own] of orgs) {
    const tenant = own[0]?.header
    if (!tenant) continue
    const deltas = stored.filter((d) => d.org_id === orgId)
    for (const part of own) {
      const { org_id, workspace_id, project_id, cell, shard } = part.header
      const message = {
        tenant: { org_id, workspace_id, project_id, cell, shard },
        commit_id: commitId,
        batches: part.batches,
      }
      await deps.sinks.publish({ ...message, events: part.live, omitted: part.omitted })
      deps.checkpoint('after_publish')
    }
    await deps.sinks.writeMetrics(
      tenant,
      own.map((p) => ({
        project_id: p.header.project_id,
        workspace_id: p.header.workspace_id,
        counts: p.counts,
        money: deltas.find((d) => d.project_id === p.header.project_id)?.money ?? [],
      })),
    )
    deps.checkpoint('after_metrics')
    // Last: a commit that TenantBudget knows has been through every step (services/ingest/catch-up.ts).
    await deps.sinks.applySpend(tenant, commitId, spendOf(deltas), newsOf(deltas))
    deps.checkpoint('after_spend')
  }
}

/** What follows a commit that brought no events: as that of one that did, and repeated by the same catch-up. */
export async function followCommit(
  sinks: Pick<CommitSinks, 'applySpend' | 'writeMetrics'>,
  tenant: Tenant,
  delta: StoredDelta,
): Promise<void> {
  const { project_id, workspace_id, money } = delta
  await sinks.writeMetrics(tenant, [{ project_id, workspace_id, counts: [], money }])
  await sinks.applySpend(tenant, delta.commit_id, spendOf([delta]), newsOf([delta]))
}

function spendOf(deltas: readonly StoredDelta[]): SpendDelta[] {
  return deltas.flatMap((d) => spendDeltas(d.money, { project_id: d.project_id, workspace_id: d.workspace_id }))
}

/** What a commit's new entries cost of reservations, and how its calls of models ended. */
export function newsOf(deltas: readonly StoredDelta[]): CommitNews {
  return {
    guard: deltas.flatMap(({ guard }) => guard.map(guardSpendOf)),
    calls: deltas.flatMap((delta) => delta.calls.map((call) => callOutcomeOf(call, delta))),
  }
}
