import { gunzipSync } from 'node:zlib'
import { BatchHeader } from '../../contract/batch.ts'
import type { CanonicalEvent } from '../../contract/event.ts'
import type { Cell, Tenant } from '../../contract/tenant.ts'
import type { DecodedBatch } from '../../domain/commit-plan.ts'
import { splitEnvelope } from '../../domain/envelope.ts'
import { applyBatches, type ApplyDeps } from '../../services/ingest/apply.ts'
import type { MoveGate } from '../../services/move/port.ts'
import { bytesOf } from './bytes.ts'
import { withoutDeparted, withoutHeld } from './moved.ts'

/** One commit takes at most this much, so that it ends soon and its delta stays under D1's 2 MB a row. */
const GROUP = { batches: 100, events: 6000, bytes: 700_000 }
const RETRY_DELAY_SECONDS_MAX = 300
const INFLATED_BYTES_MAX = 16_000_000

export interface IngestDeps {
  cell: Cell
  /** What applies batches to one shard of this cell. */
  applyFor(tenant: Tenant): ApplyDeps
  /** Envelope of a journaled batch, null when it is not there. */
  readJournal(name: string, batchId: string): Promise<Uint8Array | null>
  /** Keeps a message that can never be applied, with the reason. */
  bury(bytes: Uint8Array, reason: string): Promise<unknown>
  /** Organizations that are on their way to another cell, or there. */
  moves: MoveGate
  /** Writes the points of all that was applied: how many one invocation may write is limited. */
  flushMetrics(): void
  log(level: 'info' | 'warn' | 'error', event: string, fields: Record<string, unknown>): void
}

interface Pending {
  message: Message<unknown>
  batch: DecodedBatch
}

/** Consumes one queue batch: decode, group by shard, apply; each message is acked or retried on its own. */
export async function handleIngest(queue: MessageBatch<unknown>, deps: IngestDeps): Promise<void> {
  const shards = new Map<number, Pending[]>()
  for (const message of queue.messages) {
    const batch = await decodeOrBury(message, deps)
    if (batch === null) continue
    const list = shards.get(batch.header.shard)
    if (list) list.push({ message, batch })
    else shards.set(batch.header.shard, [{ message, batch }])
  }
  for (const [shard, pending] of shards) {
    const staying = await withoutDeparted(deps.moves, shard, pending)
    for (const group of groupsOf(staying)) await applyGroup(group, deps)
  }
  deps.flushMetrics()
}

async function decodeOrBury(message: Message<unknown>, deps: IngestDeps): Promise<DecodedBatch | null> {
  const bytes = bytesOf(message.body)
  try {
    const decoded = await decode(bytes, deps)
    if (decoded === null) message.ack()
    if (typeof decoded !== 'string') return decoded
    deps.log('error', 'ingest.poison', { reason: decoded, message_id: message.id })
    await deps.bury(bytes, decoded)
    message.ack()
  } catch (error) {
    deps.log('warn', 'ingest.decode_failed', { message_id: message.id, error: String(error) })
    message.retry({ delaySeconds: backoffSeconds(message.attempts) })
  }
  return null
}

/** A decoded batch, the reason why the bytes can never be one, or null for one that was handed to another cell. */
async function decode(bytes: Uint8Array, deps: IngestDeps): Promise<DecodedBatch | string | null> {
  const split = splitEnvelope(bytes)
  if (split === null) return 'not an envelope'
  const parsed = BatchHeader.safeParse(split.header)
  if (!parsed.success) return 'the header does not fit its schema'
  const header = parsed.data
  if (header.cell !== deps.cell) return `a batch of cell ${header.cell} in the queue of ${deps.cell}`
  let body = split.body
  if (header.pointer) {
    const journaled = header.journal === undefined ? null : await deps.readJournal(header.journal, header.batch_id)
    const inner = journaled && splitEnvelope(journaled)
    if (!inner && (await deps.moves.away(header.shard, [header.org_id], true)).size > 0) return null
    if (!inner) return 'the journal object that the message points to is gone'
    body = inner.body
  }
  try {
    const events = JSON.parse(gunzipSync(body, { maxOutputLength: INFLATED_BYTES_MAX }).toString()) as CanonicalEvent[]
    if (!Array.isArray(events) || events.length !== header.events)
      return 'the body does not hold the events that its header counts'
    return { header, events, body }
  } catch {
    return 'the body cannot be unpacked'
  }
}

function* groupsOf(pending: Pending[]): Generator<Pending[]> {
  let group: Pending[] = []
  let bytes = 0
  let events = 0
  for (const item of pending) {
    const { body, header } = item.batch
    bytes += body.length
    events += header.events
    if (group.length > 0 && (group.length >= GROUP.batches || bytes > GROUP.bytes || events > GROUP.events)) {
      yield group
      group = []
      bytes = body.length
      events = header.events
    }
    group.push(item)
  }
  if (group.length > 0) yield group
}

async function applyGroup(group: Pending[], deps: IngestDeps): Promise<void> {
  const first = group[0]
  if (first === undefined) return
  const redelivered = group.some((item) => item.message.attempts > 1)
  const distinct = new Map(
    group.map((item) => [`${item.batch.header.project_id}\n${item.batch.header.batch_id}`, item.batch]),
  )
  try {
    await applyBatches(deps.applyFor(first.batch.header), [...distinct.values()], redelivered)
    for (const item of group) item.message.ack()
  } catch (error) {
    if (deps.moves.isHeld(error)) return applyHeld(group, deps)
    deps.log('warn', 'ingest.group_failed', { batches: group.length, error: String(error) })
    if (group.length === 1) return first.message.retry({ delaySeconds: backoffSeconds(first.message.attempts) })
    // One bad batch must not hold up its neighbours.
    for (const item of group) await applyGroup([item], deps)
  }
}

/** Some of the group's organizations are moving: their batches wait, the others' are applied. */
async function applyHeld(group: Pending[], deps: IngestDeps): Promise<void> {
  try {
    const rest = await withoutHeld(deps.moves, group[0]?.batch.header.shard ?? 0, group)
    if (rest.length > 0 && rest.length < group.length) return await applyGroup(rest, deps)
    // Let go just now.
    for (const { message } of rest) message.retry({ delaySeconds: backoffSeconds(message.attempts) })
  } catch (error) {
    deps.log('warn', 'ingest.hold_failed', { batches: group.length, error: String(error) })
    // Those that were acked stay so.
    for (const { message } of group) message.retry({ delaySeconds: backoffSeconds(message.attempts) })
  }
}

/** 2, 4, 8 … seconds. */
function backoffSeconds(attempts: number): number {
  return Math.min(2 ** attempts, RETRY_DELAY_SECONDS_MAX)
}
