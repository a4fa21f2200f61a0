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

const usedName = (keyId: string) => `used:${keyId}`
const HOUR_MS = 3_600_000
const USED_KEPT_SECONDS = 400 * 86_400
const usedHours = new Map<string, number>()

/** Notes that a key was used, once an hour and isolate: whoever looks for keys to revoke needs no more. */
export function noteUse(kv: KVNamespace, keyId: string, nowMs: number): Promise<void> | null {
  const hour = Math.floor(nowMs / HOUR_MS)
  if (usedHours.get(keyId) === hour) return null
  if (usedHours.size >= ENTRIES_MAX) usedHours.clear()
  usedHours.set(keyId, hour)
  return kv.put(usedName(keyId), String(hour * HOUR_MS), { expirationTtl: USED_KEPT_SECONDS }).catch(() => {
    usedHours.delete(keyId)
  })
}

/** KV reads so many names at once. */
const NAMES_MAX = 100

/** The writing side, for the Worker that owns keys. */
export function keyWriter(kv: KVNamespace) {
  return {
    put: (hash: string, record: KeyRecord) => kv.put(kvName(hash), JSON.stringify(record)),
    async remove(hash: string) {
      cache.delete(hash)
      await kv.delete(kvName(hash))
    },
    forgetUse: (keyId: string) => kv.delete(usedName(keyId)),
    async lastUsed(keyIds: readonly string[]) {
      const used = new Map<string, number>()
      for (let i = 0; i < keyIds.length; i += NAMES_MAX) {
        const part = keyIds.slice(i, i + NAMES_MAX)
        const found = await kv.get<string>(part.map(usedName))
        for (const id of part) {
          const at = found.get(usedName(id))
          if (at) used.set(id, Number(at))
        }
      }
      return used
    },
  }
}
