import type { AuditDraft, AuditEntry, AuditLink, Checkpoint } from '../../contract/audit.ts'
import { canonicalJson } from './canonical-json.ts'

/** SHA-256 of a text's UTF-8 as lower-case hex. */
export type Sha256 = (text: string) => string

/** What stands before the first entry. */
export const GENESIS: AuditLink = { seq: 0, hash: '0'.repeat(64) }

/** Of the canonical JSON of an entry without its `hash`. */
export function entryHash(entry: Record<string, unknown>, sha256: Sha256): string {
  return sha256(canonicalJson(Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'hash'))))
}

/** Puts a draft behind the last link of an organization's chain. */
export function linkEntry(orgId: string, last: AuditLink, draft: AuditDraft, sha256: Sha256): AuditEntry {
  const unhashed = { v: 1 as const, org_id: orgId, seq: last.seq + 1, ...draft, prev_hash: last.hash }
  return { ...unhashed, hash: entryHash(unhashed, sha256) }
}

/** Follows kept entries (canonical JSON) from a link on, and returns the last. @throws at the first that does not follow. */
export function followEntries(from: AuditLink, texts: readonly string[], sha256: Sha256): AuditLink {
  let last = from
  for (const text of texts) {
    const entry = JSON.parse(text) as AuditEntry
    const { seq, prev_hash, hash } = entry
    if (seq !== last.seq + 1 || prev_hash !== last.hash || hash !== entryHash({ ...entry }, sha256))
      throw new Error(`entry ${seq} does not follow entry ${last.seq}`)
    last = { seq, hash }
  }
  return last
}

/** The text that a checkpoint's signature is of. */
export function checkpointBody(checkpoint: Omit<Checkpoint, 'signature'>): string {
  const { v, org_id, seq, hash, at } = checkpoint
  return canonicalJson({ v, org_id, seq, hash, at })
}

/** Entries between two checkpoints at most, however busy the log. */
export const CHECKPOINT_EVERY = 1000

/** What to sign when `signed` was signed last: each full thousand since then, and the newest entry. */
export function checkpointsDue(signed: number, head: number): number[] {
  const due: number[] = []
  const first = (Math.floor(signed / CHECKPOINT_EVERY) + 1) * CHECKPOINT_EVERY
  for (let seq = first; seq < head; seq += CHECKPOINT_EVERY) due.push(seq)
  if (head > signed) due.push(head)
  return due
}
