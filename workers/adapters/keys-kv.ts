import { KeyRecord } from '../contract/tenant.ts'

/** KV serves a cached record for at most this long … */
const KV_CACHE_SECONDS = 30
/** … and an isolate for this long more: a revoked key is refused everywhere within 60 s. */
const FOUND_MS = 20_000
const ABSENT_MS = 5_000
const ENTRIES_MAX = 10_000

export const kvName = (hash: string) => `key:${hash}`

interface Cached {
  record: KeyRecord | null
  until: number
}

const cache = new Map<string, Cached>()

/** The record behind a key's hash; null when there is none. No database is asked. */
export async function findKey(kv: KVNamespace, hash: string, nowMs: number): Promise<KeyRecord | null> {
  const hit = cache.get(hash)
  if (hit !== undefined && hit.until > nowMs) return hit.record
  const stored = await kv.get(kvName(hash), { type: 'json', cacheTtl: KV_CACHE_SECONDS })
  const parsed = KeyRecord.safeParse(stored)
  const record = parsed.success ? parsed.data : null
  if (cache.size >= ENTRIES_MAX) cache.clear()
  cache.set(hash, { record, until: nowMs + (record ? FOUND_MS : ABSENT_MS) })
  return record
}

/** The writing side, for the Worker that owns keys. */
export function keyWriter(kv: KVNamespace) {
  return {
    put: (hash: string, record: KeyRecord) => kv.put(kvName(hash), JSON.stringify(record)),
    async remove(hash: string) {
      cache.delete(hash)
      await kv.delete(kvName(hash))
    },
  }
}
