import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { cellFor } from '../adapters/cells.ts'
import { sha256Hex } from '../adapters/hash.ts'
import { guardFallback } from '../adapters/guard-kv.ts'
import { findKey, noteUse } from '../adapters/keys-kv.ts'
import { sendAll } from '../adapters/queue.ts'
import type { GuardRpc } from '../contract/guard.ts'
import type { IntakeEntry } from '../contract/live.ts'
import type { SignalsRpc } from '../contract/signals.ts'
import type { RunsRpc } from '../contract/wire.ts'
import type { KeyRecord } from '../contract/tenant.ts'
import { journalMetadata } from '../adapters/r2/journal-metadata.ts'
import type { AcceptDeps } from '../services/ingest/accept.ts'
import { storeBatches, type StorePorts } from '../services/ingest/store.ts'
import type { VerifyDeps } from '../services/key/verify.ts'
import type { Envelope } from '../domain/envelope.ts'
import type { Env } from './env.ts'
import { Lanes } from './lanes.ts'

export const sha256 = sha256Hex

/** What one journal object and one call of the queue hold. */
const lanes = new Lanes<Envelope>({ items: 32, bytes: 200_000, bytesOf: ({ body }) => body.length })

export function verifyDeps(env: Env, nowMs: number): VerifyDeps {
  return { sha256: sha256Hex, find: (hash) => findKey(env.KEYS, hash, nowMs), now: () => nowMs }
}

/** A promise when this use of the key is worth a note. */
export function noteKeyUse(env: Env, key: KeyRecord, nowMs: number): Promise<void> | null {
  return noteUse(env.KEYS, key.key_id, nowMs)
}

/** Accepting into the stores of the key's cell; batches of one project that come at once become durable at once. */
export function acceptDeps(env: Env, key: KeyRecord): AcceptDeps {
  return {
    pack: (json) => gzipSync(json, { level: 1 }),
    sha256: (parts) => {
      const hash = createHash('sha256')
      for (const part of parts) hash.update(part)
      return hash.digest('hex')
    },
    store: (batches) =>
      lanes.ride(`${key.cell} ${key.project_id}`, batches, (all) => storeBatches(storePorts(env, key), all)),
  }
}

function storePorts(env: Env, key: KeyRecord): StorePorts {
  const stores = cellFor(env, key.cell)
  return {
    journalAlways: env.INGEST_JOURNAL === 'always',
    putJournal: (name, segment, headers) =>
      stores.bucket.put(name, segment, { customMetadata: journalMetadata(headers) }),
    send: (messages) => sendAll(stores.queue, messages),
    unique: () => crypto.randomUUID().slice(0, 8),
  }
}

export async function sendIntake(env: Env, key: KeyRecord, entries: IntakeEntry[]): Promise<void> {
  await cellFor(env, key.cell).object(env.LIVE_FEED, key.project_id).accepted(entries)
}

/** Where what clients tell of one run in several requests is joined. */
export function runsOf(env: Env, key: KeyRecord): RunsRpc {
  return cellFor(env, key.cell).object(env.LIVE_FEED, key.project_id)
}

/** Where it is known which signals tell of the project's calls. */
export function signalsOf(env: Env, key: KeyRecord): SignalsRpc {
  return cellFor(env, key.cell).object(env.LIVE_FEED, key.project_id)
}

/** The budgets of the key's organization. */
export function guardOf(env: Env, key: KeyRecord): GuardRpc {
  return cellFor(env, key.cell).object(env.TENANT_BUDGET, key.org_id)
}

export const fallbackOf = (env: Env, orgId: string) => guardFallback(env.KEYS).find(orgId)
