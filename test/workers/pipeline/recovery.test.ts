import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { parquetReadObjects } from 'hyparquet'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { archiveStore } from '../../../workers/adapters/d1/archive-source.ts'
import { fromParquet, parquetArchive, toParquet } from '../../../workers/adapters/r2/archive.ts'
import { deadLetters } from '../../../workers/adapters/r2/dead-letters.ts'
import { journalSweep } from '../../../workers/adapters/r2/journal.ts'
import { journalMetadata } from '../../../workers/adapters/r2/journal-metadata.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import type { DecodedBatch } from '../../../workers/domain/commit-plan.ts'
import { encodeSegment, splitEnvelope } from '../../../workers/domain/envelope.ts'
import { catchUpDeps, deadDeps, ingestDeps, type Env } from '../../../workers/pipeline/deps.ts'
import { handleDeadBatch } from '../../../workers/pipeline/queues/dead.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { catchUp, SETTLE_MS } from '../../../workers/services/ingest/catch-up.ts'
import { messageOf } from '../../../workers/services/ingest/store.ts'
import { archiveShard, type ArchivedEvent } from '../../../workers/services/recovery/archive.ts'
import { sweepJournal, SWEEP_AGE_MS } from '../../../workers/services/recovery/sweep.ts'
import { envelopeOf, freshTenant, makeBatch, randomBatchId, traceEvents } from '../../support/batches.ts'

const bindings = env as unknown as Env
const stores = cellFor(bindings, 'us')
const tenantOf = () => freshTenant('us')
const budgetOf = (tenant: ProjectTenant) => stores.object(bindings.TENANT_BUDGET, tenant.org_id)

/** Batches of one project, in one object. */
async function journal(...batches: [DecodedBatch, ...DecodedBatch[]]): Promise<string> {
  const { org_id, project_id, received_ms, batch_id } = batches[0].header
  const name = `journal/${org_id}/${project_id}/${received_ms}-${batch_id}`
  for (const batch of batches) batch.header.journal = name
  const customMetadata = journalMetadata(batches.map((b) => b.header))
  await stores.bucket.put(name, encodeSegment(batches.map(envelopeOf)), { customMetadata })
  return name
}

async function deliver(bodies: Uint8Array[], checkpoint?: (step: string) => void) {
  const queue = createMessageBatch(
    'agentops-ingest-us',
    bodies.map((body, i) => ({ id: String(i), timestamp: new Date(), attempts: 1, body })),
  )
  await handleIngest(queue, ingestDeps(bindings, 'us', checkpoint))
  return getQueueResult(queue, createExecutionContext())
}

function watchedSweep() {
  const sent: Uint8Array[] = []
  const queue = {
    send: async (bytes: Uint8Array) => void sent.push(bytes),
    sendBatch: async (messages: { body: Uint8Array }[]) => void sent.push(...messages.map(({ body }) => body)),
  } as unknown as Queue
  return {
    sent,
    deps: journalSweep(
      {
        ...stores,
        bucket: stores.bucket,
        queue,
        shards: 1,
        shard: (i) => stores.shard(i),
        object: stores.object.bind(stores),
        cell: 'us',
      },
      messageOf,
    ),
  }
}
const sentIds = (sent: Uint8Array[]) =>
  sent.map((bytes) => (splitEnvelope(bytes)?.header as { batch_id: string }).batch_id)

describe('the sweep', () => {
  it('removes what is applied and sends again what is not, when it is old enough or at start-up', async () => {
    const [applied, open] = [
      makeBatch(tenantOf(), traceEvents('a', 1, 1)),
      makeBatch(tenantOf(), traceEvents('b', 1, 1)),
    ]
    const names = [await journal(applied), await journal(open)] as const
    await deliver([envelopeOf(applied)])
    const early = watchedSweep()
    await sweepJournal(early.deps, Date.now(), false)
    expect(sentIds(early.sent)).not.toContain(open.header.batch_id)
    expect([await stores.bucket.head(names[0]), (await stores.bucket.head(names[1])) !== null]).toEqual([null, true])
    const late = watchedSweep()
    await sweepJournal(late.deps, Date.now() + SWEEP_AGE_MS, false)
    expect(sentIds(late.sent)).toContain(open.header.batch_id)
    const again = watchedSweep()
    await sweepJournal(again.deps, Date.now() + SWEEP_AGE_MS, false)
    expect(sentIds(again.sent)).not.toContain(open.header.batch_id)
    const other = makeBatch(tenantOf(), traceEvents('c', 1, 1))
    await journal(other)
    const start = watchedSweep()
    await sweepJournal(start.deps, Date.now(), true)
    expect(sentIds(start.sent)).toContain(other.header.batch_id)
    expect((await deliver(start.sent)).explicitAcks).toHaveLength(start.sent.length)
  })

  it('sends only the open ones of an object, and keeps it until all are applied', async () => {
    const tenant = tenantOf()
    const [applied, open] = [makeBatch(tenant, traceEvents('d', 1, 1)), makeBatch(tenant, traceEvents('e', 1, 1))]
    const name = await journal(applied, open)
    await deliver([envelopeOf(applied)])
    const watched = watchedSweep()
    await sweepJournal(watched.deps, Date.now() + SWEEP_AGE_MS, false)
    const own = sentIds(watched.sent).filter((id) => [applied, open].some((batch) => batch.header.batch_id === id))
    expect(own).toEqual([open.header.batch_id])
    expect(await stores.bucket.head(name)).not.toBeNull()
    await deliver(watched.sent)
    await sweepJournal(watchedSweep().deps, Date.now(), false)
    expect(await stores.bucket.head(name)).toBeNull()
  })

  it('follows a pointer to the journal', async () => {
    const tenant = tenantOf()
    const batch = makeBatch(tenant, traceEvents('t', 2, 3))
    await journal(makeBatch(tenant, traceEvents('u', 1, 1)), batch)
    const pointer = envelopeOf({ ...batch, header: { ...batch.header, pointer: true }, body: new Uint8Array(0) })
    expect((await deliver([pointer])).explicitAcks).toEqual(['0'])
    const row = await stores
      .shard(0)
      .prepare('SELECT sum(cost_nanousd) AS cost FROM ledger WHERE project_id = ?1')
      .bind(tenant.project_id)
      .first()
    expect(row).toEqual({ cost: 6 })
  })
})

describe('dead letters', () => {
  it('are kept with their reason, told to the feed, listed, and applied when replayed', async () => {
    const tenant = tenantOf()
    const batch = makeBatch(tenant, traceEvents('t', 1, 9))
    await stores
      .object(bindings.LIVE_FEED, tenant.project_id)
      .accepted([{ batch_id: batch.header.batch_id, events: 2, received_ms: Date.now() }])
    const queue = createMessageBatch('agentops-dead-us', [
      { id: '1', timestamp: new Date(), attempts: 1, body: envelopeOf(batch) },
    ])
    await handleDeadBatch(queue, deadDeps(bindings, 'us'))
    expect((await getQueueResult(queue, createExecutionContext())).explicitAcks).toEqual(['1'])
    const store = deadLetters(stores.bucket)
    expect((await store.list(tenant, undefined, 10)).letters).toMatchObject([
      { batch_id: batch.header.batch_id, events: 2, replayed_ms: null },
    ])
    expect(await store.count(tenant)).toEqual({ letters: 1, events: 2 })
    expect(await stores.object(bindings.LIVE_FEED, tenant.project_id).watermark()).toMatchObject({ events_behind: 0 })
    const found = await store.find(tenant, batch.header.batch_id)
    expect((await deliver([found?.bytes ?? new Uint8Array()])).explicitAcks).toEqual(['0'])
    await store.markReplayed(tenant, batch.header.batch_id, 7)
    expect(await store.count(tenant)).toEqual({ letters: 0, events: 0 })
    expect((await store.list(freshTenant('us'), undefined, 10)).letters).toEqual([])
  })

  it('keep unreadable bytes apart', async () => {
    expect(await deadLetters(stores.bucket).put(new Uint8Array([1, 2, 3]), 'not an envelope', 5, 'us')).toBeNull()
    expect((await stores.bucket.list({ prefix: 'dead/_unreadable/' })).objects).toHaveLength(1)
  })
})

describe('the catch-up', () => {
  it('repeats what follows a commit whose consumer died', async () => {
    const tenant = tenantOf()
    const batch = makeBatch(tenant, traceEvents('t', 2, 50))
    await stores
      .object(bindings.LIVE_FEED, tenant.project_id)
      .accepted([{ batch_id: batch.header.batch_id, events: 3, received_ms: Date.now() }])
    const result = await deliver([envelopeOf(batch)], (step) => {
      if (step === 'after_commit') throw new Error('killed here')
    })
    expect(result.retryMessages).toHaveLength(1)
    const spent = async () =>
      (await budgetOf(tenant).snapshot({ from_ms: 0, to_ms: Date.now() * 2 })).find((c) => c.scope === 'org')
        ?.cost_nanousd
    expect(await spent()).toBeUndefined()
    const deps = catchUpDeps(bindings, 'us', 0)
    expect((await catchUp(deps, Date.now() + SETTLE_MS + 1000)).repaired).toBeGreaterThan(0)
    expect(await spent()).toBe('100')
    expect(await stores.object(bindings.LIVE_FEED, tenant.project_id).watermark()).toMatchObject({ events_behind: 0 })
    expect((await catchUp(deps, Date.now() + SETTLE_MS + 1000)).repaired).toBe(0)
  })
})

describe('the archive', () => {
  it('writes each closed hour once as Parquet that holds every event with its price', async () => {
    const tenant = tenantOf()
    await deliver(
      [makeBatch(tenant, traceEvents('t1', 3, 1000)), makeBatch(tenant, traceEvents('t2', 1, 7))].map(envelopeOf),
    )
    const deps = { ...archiveStore(stores.shard(0)), ...parquetArchive(stores.bucket) }
    const prefix = `archive/${tenant.org_id}/${tenant.project_id}/`
    await archiveShard(deps, Date.now())
    expect((await stores.bucket.list({ prefix })).objects).toHaveLength(0)
    const later = Date.now() + 2 * 3_600_000
    const killed = { ...deps, archiveAdvance: () => Promise.reject(new Error('killed here')) }
    await expect(archiveShard(killed, later)).rejects.toThrow('killed here')
    await archiveShard(deps, later)
    expect((await archiveShard(deps, later)).files).toBe(0)
    const { objects } = await stores.bucket.list({ prefix })
    expect(objects).toHaveLength(1)
    const file = await (await stores.bucket.get(objects[0]?.key ?? ''))?.arrayBuffer()
    const rows = await parquetReadObjects({
      file: file ?? new ArrayBuffer(0),
      compressors: { GZIP: (bytes) => new Uint8Array(gunzipSync(bytes)) },
    })
    expect(rows).toHaveLength(6)
    expect(rows.reduce((sum, row) => sum + ((row.cost_nanousd as bigint | null) ?? 0n), 0n)).toBe(3007n)
    expect(rows.filter((row) => row.model === 'gpt-4o').map((row) => row.tokens_prompt)).toEqual([10n, 10n, 10n, 10n])
    expect(rows.every((row) => row.timestamp instanceof Date)).toBe(true)
  })

  it('holds a busy hour, whose columns do not fit in one buffer when they are packed', async () => {
    const events = Array.from({ length: 6000 }, (_, i): ArchivedEvent => ({
      event_type: 'agent.step.completed',
      timestamp: 1_795_000_000_000 + i,
      span_id: crypto.randomUUID(),
      trace_id: crypto.randomUUID(),
      batch_id: randomBatchId(),
      paid_nanousd: i,
      cost_source: 'provided',
    }))
    const read: ArchivedEvent[] = []
    for await (const group of fromParquet(toParquet(events))) read.push(...group)
    expect(read).toHaveLength(events.length)
    for (const at of [0, 2999, 5999])
      expect(read[at]).toMatchObject({ trace_id: events[at]?.trace_id, paid_nanousd: at })
    expect(new Set(read.map(({ batch_id }) => batch_id)).size).toBe(events.length)
  })
})
