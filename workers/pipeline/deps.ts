import { gzipSync } from 'node:zlib'
import { signerOf, type Signer } from '../adapters/audit-crypto.ts'
import { commitPlan, deltasOf, findApplied, AlreadyApplied } from '../adapters/d1/commit.ts'
import { catchUpStore } from '../adapters/d1/catch-up.ts'
import { cellFor, type CellStores } from '../adapters/cells.ts'
import { sha256Hex, shortHash } from '../adapters/hash.ts'
import { metricsSink } from '../adapters/metrics/analytics-engine/sink.ts'
import { bundledBook } from '../adapters/prices/bundled.ts'
import { forgetPrices, openBooks, openPrices } from '../adapters/prices/books.ts'
import { keepCheckpoint } from '../adapters/r2/checkpoints.ts'
import { deadLetters } from '../adapters/r2/dead-letters.ts'
import { readdressed } from '../adapters/move/bucket.ts'
import { readJournaled } from '../adapters/r2/journal.ts'
import { journalMetadata } from '../adapters/r2/journal-metadata.ts'
import { sendAll } from '../adapters/queue.ts'
import type { BatchHeader } from '../contract/batch.ts'
import type { Checkpoint } from '../contract/audit.ts'
import type { Cell, Tenant } from '../contract/tenant.ts'
import { newId } from '../domain/id.ts'
import type { ApplyDeps, CommitSinks, CommitStore } from '../services/ingest/apply.ts'
import { storeBatches, type StorePorts } from '../services/ingest/store.ts'
import type { CatchUpDeps } from '../services/ingest/catch-up.ts'
import type { ControlTools } from './objects/budget/controls.ts'
import type { GuardTools } from './objects/budget/guard.ts'
import type { PriceTools } from './objects/budget/known-prices.ts'
import type { OutgoingBatch } from './objects/budget/outbox.ts'
import type { LiveFeed } from './objects/live-feed.ts'
import type { OrgAlerts } from './objects/org-alerts.ts'
import type { OrgJobs } from './objects/org-jobs.ts'
import type { OrgMove } from './objects/org-move.ts'
import type { TenantAudit } from './objects/tenant-audit.ts'
import type { TenantBudget } from './objects/tenant-budget.ts'
import { log } from './log.ts'
import { gateOf } from './move/deps.ts'
import type { DeadDeps } from './queues/dead.ts'
import type { IngestDeps } from './queues/ingest.ts'

/** The pipeline's bindings; the DO namespaces carry their classes. */
export type Env = Omit<
  PipelineEnv,
  'LIVE_FEED' | 'ORG_ALERTS' | 'ORG_JOBS' | 'ORG_MOVE' | 'TENANT_AUDIT' | 'TENANT_BUDGET'
> & {
  LIVE_FEED: DurableObjectNamespace<LiveFeed>
  ORG_ALERTS: DurableObjectNamespace<OrgAlerts>
  ORG_JOBS: DurableObjectNamespace<OrgJobs>
  ORG_MOVE: DurableObjectNamespace<OrgMove>
  TENANT_AUDIT: DurableObjectNamespace<TenantAudit>
  TENANT_BUDGET: DurableObjectNamespace<TenantBudget>
  /** A secret that may be left out: an API token that may draw pages. */
  RENDERER_TOKEN?: string
}

const noCheckpoint = () => {}

/** Everything the ingest consumer of one cell needs, bound to that cell's stores only. */
export function ingestDeps(env: Env, cell: Cell, checkpoint: (step: string) => void = noCheckpoint): IngestDeps {
  const stores = cellFor(env, cell)
  // Analytics Engine has no jurisdictions: only the global cell may reach it.
  const metrics = cell === 'global' ? metricsSink(env.METRICS, Math.random) : null
  const sinks = commitSinks(env, stores, metrics)
  return {
    cell,
    applyFor: (tenant) => applyDeps(env, stores, sinks, tenant, checkpoint),
    readJournal: (name, batchId) => readJournaled(stores.bucket, name, batchId),
    bury: (bytes, reason) => deadLetters(stores.bucket).put(bytes, reason, Date.now(), cell),
    moves: gateOf(env, cell),
    flushMetrics: () => metrics?.flush(),
    log: log(env.LOG_LEVEL),
  }
}

function applyDeps(
  env: Env,
  stores: CellStores,
  sinks: CommitSinks,
  tenant: Tenant,
  checkpoint: (step: string) => void,
): ApplyDeps {
  return {
    store: commitStore(stores.shard(tenant.shard)),
    sinks,
    tools: {
      shortHash,
      hex: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex'),
    },
    openPrices: (orgIds) => openBooks(env, tenant, orgIds),
    now: () => Date.now(),
    newCommitId,
    checkpoint,
  }
}

export function newCommitId(): string {
  return newId('commit', Date.now(), crypto.getRandomValues(new Uint8Array(13)))
}

function commitStore(db: D1Database): CommitStore {
  return {
    async commit(plan, commitId, nowMs) {
      try {
        return await commitPlan(db, plan, commitId, nowMs)
      } catch (error) {
        if (error instanceof AlreadyApplied) return 'already_applied'
        throw error
      }
    },
    findApplied: (batches) => findApplied(db, batches),
    deltasOf: (orgId, commitId, appliedMs) => deltasOf(db, orgId, commitId, appliedMs),
  }
}

/** Where what follows a commit goes, in one cell. */
export function commitSinks(env: Env, stores: CellStores, metrics: ReturnType<typeof metricsSink> | null): CommitSinks {
  return {
    async publish(message) {
      await stores.object(env.LIVE_FEED, message.tenant.project_id).publish(message)
    },
    writeMetrics: async (tenant, parts) => metrics?.add(tenant, parts),
    async applySpend({ org_id, cell, shard }, commitId, deltas, news) {
      const tenant = { org_id, cell, shard }
      await stores.object(env.TENANT_BUDGET, org_id).apply(commitId, deltas, { tenant, ...news })
    },
  }
}

/** The catch-up job of one shard. */
export function catchUpDeps(env: Env, cell: Cell, shard: number): CatchUpDeps {
  const stores = cellFor(env, cell)
  return {
    ...catchUpStore(stores.shard(shard)),
    missing: (orgId, commitIds) => stores.object(env.TENANT_BUDGET, orgId).missing(commitIds),
    async applySpend(org_id, commitId, deltas, news) {
      const tenant = { org_id, cell, shard }
      await stores.object(env.TENANT_BUDGET, org_id).apply(commitId, deltas, { tenant, ...news })
    },
    async close({ org_id, workspace_id, project_id, commit_id, batches }) {
      const entries = batches.map((batch_id) => ({ batch_id, events: 0, received_ms: 0 }))
      const tenant = { org_id, workspace_id, project_id, cell, shard }
      await stores
        .object(env.LIVE_FEED, project_id)
        .publish({ tenant, commit_id, batches: entries, events: [], omitted: 0 })
    },
  }
}

/** The dead-letter consumer of one cell. */
export function deadDeps(env: Env, cell: Cell): DeadDeps {
  const stores = cellFor(env, cell)
  const gate = gateOf(env, cell)
  return {
    bury: (bytes, reason) => deadLetters(stores.bucket).put(bytes, reason, Date.now(), cell),
    async buryAway(bytes, { org_id, shard }, reason) {
      const home = (await gate.away(shard, [org_id], true)).get(org_id)
      if (home === undefined) return false
      await deadLetters(cellFor(env, home.cell).bucket).put(readdressed(bytes, home), reason, Date.now(), home.cell)
      return true
    },
    tellFeed: (header) => stores.object(env.LIVE_FEED, header.project_id).dead([header.batch_id]),
    log: log(env.LOG_LEVEL),
  }
}

const signers = new Map<string, Promise<Signer | null>>()

/** What the audit log of an organization needs: hashes, the signing key where there is one, and its cell's bucket. */
export function auditTools(env: Env) {
  const { AUDIT_SIGNING_KEY: key } = env
  return {
    sha256: sha256Hex,
    canSign: Boolean(key),
    signer(): Promise<Signer | null> {
      let signer = signers.get(key)
      if (signer === undefined) {
        signer = signerOf(key)
        signers.set(key, signer)
      }
      return signer
    },
    keepCheckpoint: (cell: Cell, checkpoint: Checkpoint) => keepCheckpoint(cellFor(env, cell).bucket, checkpoint),
  }
}

/** What TenantBudget needs of the world. */
export const guardTools: Omit<GuardTools, 'isPriced'> & ControlTools = {
  hash: sha256Hex,
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
}

/** What TenantBudget knows of prices. */
export const priceTools = (env: Env): PriceTools => ({
  first: bundledBook,
  open: (tenant) => openPrices(env, tenant),
  forget: forgetPrices,
})

/** Makes events of an object durable; a batch that was sent before is applied once. */
export async function sendOutgoing(
  env: Env,
  { org_id, cell, shard }: Tenant,
  { id, project, events }: OutgoingBatch,
): Promise<void> {
  const stores = cellFor(env, cell)
  const header: BatchHeader = {
    v: 1,
    batch_id: sha256Hex(`${project.project_id}\n${id}`).slice(0, BATCH_ID_CHARS),
    received_ms: Date.now(),
    events: events.length,
    org_id,
    cell,
    shard,
    ...project,
  }
  const ports: StorePorts = {
    // As at the edge: the local queue lives in memory.
    journalAlways: env.APP_ENV !== 'production',
    putJournal: (name, segment, headers) =>
      stores.bucket.put(name, segment, { customMetadata: journalMetadata(headers) }),
    send: (messages) => sendAll(stores.queue, messages),
    unique: () => header.batch_id,
  }
  await storeBatches(ports, [{ header, body: gzipSync(JSON.stringify(events), { level: 1 }) }])
}

const BATCH_ID_CHARS = 32
