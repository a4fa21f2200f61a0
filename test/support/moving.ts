import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { cellFor } from '../../workers/adapters/cells.ts'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { forgetDeparted } from '../../workers/adapters/move/gate.ts'
import { moveStore } from '../../workers/adapters/move/moves.ts'
import { journalMetadata } from '../../workers/adapters/r2/journal-metadata.ts'
import type { DecodedBatch } from '../../workers/domain/commit-plan.ts'
import { storeBatches } from '../../workers/services/ingest/store.ts'
import type { Cell, ProjectTenant } from '../../workers/contract/tenant.ts'
import { KEY_RANDOM_BYTES, makeApiKey } from '../../workers/domain/api-key.ts'
import { ingestDeps, type Env } from '../../workers/pipeline/deps.ts'
import { moveDeps } from '../../workers/pipeline/move/deps.ts'
import { handleIngest } from '../../workers/pipeline/queues/ingest.ts'
import { advance } from '../../workers/services/move/job.ts'
import type { MoveJob } from '../../workers/services/move/port.ts'
import { startMove } from '../../workers/services/move/start.ts'
import { freshTenant } from './batches.ts'

export const real: Env = { ...(env as unknown as Env), METRICS: { writeDataPoint() {} } }
const QUEUES = { global: 'QUEUE_GLOBAL', eu: 'QUEUE_EU', us: 'QUEUE_US' } as const

/** Bindings whose queues keep what they are given, until `deliver` applies it. */
export function heldQueues(given: Env = real) {
  const sent: Record<Cell, Uint8Array[]> = { global: [], eu: [], us: [] }
  const queues = Object.entries(QUEUES).map(([cell, name]) => {
    const own = sent[cell as Cell]
    const queue = {
      send: async (bytes: Uint8Array) => void own.push(bytes),
      sendBatch: async (messages: { body: Uint8Array }[]) => void own.push(...messages.map(({ body }) => body)),
    }
    return [name, queue] as const
  })
  const bindings = { ...given, ...Object.fromEntries(queues) }
  return {
    env: bindings,
    sent,
    /** Gives a cell's consumer these bodies, or all that was sent to it. */
    async deliver(cell: Cell, bodies: Uint8Array[] = sent[cell].splice(0)) {
      const messages = bodies.map((body, i) => ({ id: String(i), timestamp: new Date(), attempts: 1, body }))
      const batch = createMessageBatch(`agentops-ingest-${cell}`, messages)
      await handleIngest(batch, ingestDeps(bindings, cell))
      return getQueueResult(batch, createExecutionContext())
    },
  }
}

/** Makes a batch durable as the edge does, in the cell that its header names. */
export async function accept(queues: ReturnType<typeof heldQueues>, batch: DecodedBatch, journalAlways: boolean) {
  const { cell } = batch.header
  const { bucket } = cellFor(real, cell)
  await storeBatches(
    {
      journalAlways,
      putJournal: (name, segment, headers) => bucket.put(name, segment, { customMetadata: journalMetadata(headers) }),
      send: async (messages) => void queues.sent[cell].push(...messages),
      unique: () => crypto.randomUUID().slice(0, 8),
    },
    [{ header: { ...batch.header }, body: batch.body }],
  )
}

/** An organization with one project in the control database, and a key that the edge knows. */
export async function livingTenant(cell: Cell): Promise<ProjectTenant & { key: string; hash: string }> {
  const tenant = freshTenant(cell)
  const { org_id, workspace_id, project_id, shard } = tenant
  const key = makeApiKey(cell, crypto.getRandomValues(new Uint8Array(KEY_RANDOM_BYTES)))
  const hash = sha256Hex(key)
  const db = real.CONTROL
  await db.batch([
    db
      .prepare(`INSERT INTO organization (id, slug, name, cell, shard, created_ms) VALUES (?1, ?1, 'Org', ?2, ?3, 1)`)
      .bind(org_id, cell, shard),
    db.prepare(`INSERT INTO workspace VALUES (?1, ?2, 'default', 'Default', 1)`).bind(workspace_id, org_id),
    db
      .prepare(
        `INSERT INTO project (id, org_id, workspace_id, slug, name, created_ms) VALUES (?1, ?2, ?3, 'default', 'Default', 1)`,
      )
      .bind(project_id, org_id, workspace_id),
    db
      .prepare(
        `INSERT INTO api_key (id, org_id, project_id, name, hash, hint, scopes, created_by, created_ms) VALUES (?1, ?2, ?3, 'k', ?4, '', '["ingest"]', 'u', 1)`,
      )
      .bind(`key_${org_id}`, org_id, project_id, hash),
  ])
  await moveDeps(real).publishKeys(org_id)
  return { ...tenant, key, hash }
}

/** Begins a move without waking the object that would carry it out. */
export async function beginMove(tenant: ProjectTenant, to: Cell): Promise<void> {
  const { org_id: id, cell, shard } = tenant
  const deps = {
    moves: moveStore(real.CONTROL),
    wake: async () => {},
    now: () => Date.now(),
    random: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
    sha256: sha256Hex,
  }
  await startMove(deps, { id, slug: id, name: 'Org', cell, shard, createdMs: 1, timeZone: 'UTC', deletedMs: null }, to)
}

export const jobOf = async (orgId: string): Promise<MoveJob> => {
  const job = await moveStore(real.CONTROL).newest(orgId)
  if (job === null) throw new Error('no move')
  return job
}

/** Goes on with a move until a step, or its end; `between` is called before each unit. The clock runs fast in `wait`. */
export async function runMove(
  bindings: Env,
  orgId: string,
  {
    until,
    between,
    checkpoint,
  }: { until?: string; between?: (job: MoveJob) => Promise<void>; checkpoint?: (step: string) => void } = {},
): Promise<MoveJob> {
  let skippedMs = 0
  const deps = moveDeps(bindings, checkpoint, () => Date.now() + skippedMs)
  for (;;) {
    const job = await jobOf(orgId)
    if (job.state !== 'running' || job.step === until) return job
    await between?.(job)
    if (job.step === 'wait') forgetDeparted()
    if (job.step === 'wait') skippedMs = Math.max(0, (job.cursor.untilMs ?? 0) - Date.now())
    await advance(deps, job)
  }
}

/** Every row of every table of a cell, and the name of every object, that holds one of these words. */
export async function tracesOf(cell: Cell, words: string[]): Promise<string[]> {
  const stores = cellFor(real, cell)
  const found: string[] = []
  for (let shard = 0; shard < stores.shards; shard++) {
    const db = stores.shard(shard)
    const tables = await db
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`)
      .all<{ name: string }>()
    for (const { name } of tables.results)
      for (const row of (await db.prepare(`SELECT * FROM "${name}"`).all()).results) {
        const text = JSON.stringify(row)
        if (words.some((word) => text.includes(word))) found.push(`${name} ${text.slice(0, 200)}`)
      }
  }
  let cursor: string | undefined
  do {
    const page = await stores.bucket.list({ cursor, include: ['customMetadata'] })
    for (const { key, customMetadata } of page.objects)
      if (words.some((word) => `${key} ${JSON.stringify(customMetadata)}`.includes(word))) found.push(key)
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return found
}

/** The edge's record of a key. */
export const recordOfKey = (hash: string) => real.KEYS.get<{ cell: Cell; shard: number }>(`key:${hash}`, 'json')
