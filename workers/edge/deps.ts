import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { cellFor } from '../adapters/cells.ts'
import { sha256Hex } from '../adapters/hash.ts'
import { findKey } from '../adapters/keys-kv.ts'
import type { IntakeEntry } from '../contract/live.ts'
import type { KeyRecord } from '../contract/tenant.ts'
import type { AcceptDeps } from '../services/ingest/accept.ts'
import type { VerifyDeps } from '../services/key/verify.ts'
import type { Env } from './env.ts'

export const sha256 = sha256Hex

export function verifyDeps(env: Env, nowMs: number): VerifyDeps {
  return { sha256: sha256Hex, find: (hash) => findKey(env.KEYS, hash, nowMs), now: () => nowMs }
}

/** The stores of the key's cell, as far as accepting a batch needs them. */
export function acceptDeps(env: Env, key: KeyRecord): AcceptDeps {
  const stores = cellFor(env, key.cell)
  return {
    journalAlways: env.INGEST_JOURNAL === 'always',
    pack: (json) => gzipSync(json, { level: 1 }),
    sha256: (parts) => {
      const hash = createHash('sha256')
      for (const part of parts) hash.update(part)
      return hash.digest('hex')
    },
    putJournal: (name, envelope, header) =>
      stores.bucket.put(name, envelope, { customMetadata: { header: JSON.stringify(header) } }),
    send: (message) => stores.queue.send(message, { contentType: 'bytes' }),
  }
}

export async function sendIntake(env: Env, key: KeyRecord, entries: IntakeEntry[]): Promise<void> {
  await cellFor(env, key.cell).object(env.LIVE_FEED, key.project_id).accepted(entries)
}
