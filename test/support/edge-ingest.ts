import { gunzipSync } from 'node:zlib'
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { keyWriter } from '../../workers/adapters/keys-kv.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { KeyRecord, Scope } from '../../workers/contract/tenant.ts'
import { KEY_RANDOM_BYTES, makeApiKey } from '../../workers/domain/api-key.ts'
import { splitEnvelope } from '../../workers/domain/envelope.ts'
import edge from '../../workers/edge/index.ts'
import type { Env } from '../../workers/edge/env.ts'
import { freshTenant } from './batches.ts'

export const bindings = env as unknown as Env

/** A key that the edge knows, for a tenant of its own. */
export async function freshKey(
  more: Partial<KeyRecord> = {},
  scopes: Scope[] = ['ingest'],
): Promise<{ key: string; record: KeyRecord }> {
  const tenant = freshTenant(more.cell ?? 'global')
  const record: KeyRecord = {
    name: 'test',
    role: null,
    environment: null,
    ...tenant,
    key_id: `key_${crypto.randomUUID()}`,
    scopes,
    expires_at: null,
    keep_content: false,
    ...more,
  }
  const key = makeApiKey(record.cell, crypto.getRandomValues(new Uint8Array(KEY_RANDOM_BYTES)))
  await keyWriter(bindings.KEYS).put(sha256Hex(key), record)
  return { key, record }
}

/** The edge with queues and buckets that keep what they are given, so that a test sees what would become durable. */
export function watchedEdge(over: Partial<Env> = {}) {
  const sent: Uint8Array[] = []
  const journaled: { name: string; bytes: Uint8Array }[] = []
  const queue = {
    send: async (bytes: Uint8Array) => void sent.push(bytes),
    sendBatch: async (messages: { body: Uint8Array }[]) => void sent.push(...messages.map(({ body }) => body)),
  } as unknown as Queue
  const bucket = {
    put: async (name: string, bytes: Uint8Array) => void journaled.push({ name, bytes }),
  } as unknown as R2Bucket
  const watched: Env = {
    ...bindings,
    QUEUE_GLOBAL: queue,
    QUEUE_EU: queue,
    QUEUE_US: queue,
    BUCKET_GLOBAL: bucket,
    BUCKET_EU: bucket,
    BUCKET_US: bucket,
    ...over,
  }
  return {
    sent,
    journaled,
    async fetch(path: string, init: RequestInit): Promise<Response> {
      const ctx = createExecutionContext()
      const response = await edge.fetch(
        new Request(`http://edge.test${path}`, init) as Request<unknown, IncomingRequestCfProperties>,
        watched,
        ctx,
      )
      await waitOnExecutionContext(ctx)
      return response
    },
    /** Events of everything that was sent, in order. */
    events(): CanonicalEvent[] {
      return sent.flatMap((bytes) => {
        const split = splitEnvelope(bytes)
        return split && split.body.length > 0 ? (JSON.parse(gunzipSync(split.body).toString()) as CanonicalEvent[]) : []
      })
    },
  }
}
