import { EXPORT_FORMAT, ExportLine, type AuditEntry, type Checkpoint, type Sealed } from '../../contract/audit.ts'
import { canonicalJson, isPlainObject } from './canonical-json.ts'
import { checkpointBody, entryHash, GENESIS, type Sha256 } from './chain.ts'

export type Break =
  | 'not_an_export'
  | 'malformed'
  | 'wrong_org'
  | 'hash'
  | 'gap'
  | 'duplicate'
  | 'prev_hash'
  | 'personal'
  | 'truncated'
  | 'checkpoint_mismatch'
  | 'checkpoint_order'
  | 'signature'

export interface VerifyTools {
  sha256: Sha256
  /** Whether this Ed25519 signature (base64) is that key's of the text. */
  isSigned(publicKey: string, text: string, signature: string): boolean
  /** From somewhere safer than the export; wins over the key in it. */
  publicKey?: string
}

export interface Counts {
  org_id: string | null
  entries: number
  checkpoints: number
  /** Entries whose personal part is opened in the export, and fits the digest in the chain. */
  opened: number
  /** The last entry, and the last that a checkpoint covers. */
  head: { seq: number; hash: string; at: string } | null
  signed: { seq: number; at: string } | null
  /** What the export says its key is. */
  header_key: string | null
}

export type Verdict =
  | { ok: true; counts: Counts }
  /** `seq` is the first entry that is not what it should be; null when the break is before any. */
  | { ok: false; counts: Counts; reason: Break; line: number; seq: number | null; detail: string }

/** A break of the chain, at an entry. */
class Broken extends Error {
  readonly reason: Break
  readonly seq: number | null

  constructor(reason: Break, seq: number | null, detail: string) {
    super(detail)
    this.reason = reason
    this.seq = seq
  }
}

/** Follows an export line by line and stops at the first that is not right. Needs memory for one line only. */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  tools: VerifyTools,
): Promise<Verdict> {
  const follower = new Follower(tools)
  let line = 0
  try {
    for await (const text of lines) {
      line++
      follower.read(text)
    }
    follower.end()
    return { ok: true, counts: follower.counts }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { ok: false, counts: follower.counts, reason: error.reason, line, seq: error.seq, detail: error.message }
  }
}

class Follower {
  readonly counts: Counts = {
    org_id: null,
    entries: 0,
    checkpoints: 0,
    opened: 0,
    head: null,
    signed: null,
    header_key: null,
  }
  private readonly tools: VerifyTools

  constructor(tools: VerifyTools) {
    this.tools = tools
  }

  read(text: string): void {
    const raw = this.parsed(text)
    const { success, data: line, error } = ExportLine.safeParse(raw)
    const isFirst = this.counts.org_id === null
    if (isFirst && isPlainObject(raw) && raw['format'] !== EXPORT_FORMAT)
      throw new Broken('not_an_export', null, `The first line is not the header of an export (${EXPORT_FORMAT}).`)
    if (!success) {
      const issue = error.issues[0]
      throw new Broken(
        'malformed',
        this.next(),
        `The line is not as it should be: ${issue?.path.join('.')}: ${issue?.message}.`,
      )
    }
    if (isFirst !== (line.type === 'header'))
      throw new Broken('not_an_export', isFirst ? null : this.next(), 'An export has one header, in its first line.')
    if (line.type === 'header') {
      this.counts.org_id = line.org_id
      this.counts.header_key = line.public_key
    } else if (line.type === 'checkpoint') this.checkpoint(line)
    else this.entry(line.entry, raw as RawEntry)
  }

  end(): void {
    if (this.counts.org_id === null) throw new Broken('not_an_export', null, 'The file is empty.')
  }

  private next(): number {
    return (this.counts.head?.seq ?? GENESIS.seq) + 1
  }

  /** One value has one line: what another reader of JSON might understand differently cannot hide in it. */
  private parsed(text: string): unknown {
    const seq = this.counts.org_id === null ? null : this.next()
    try {
      const value = JSON.parse(text) as unknown
      if (canonicalJson(value) === text) return value
    } catch {
      throw new Broken(seq === null ? 'not_an_export' : 'malformed', seq, 'The line is not JSON, or it is cut off.')
    }
    throw new Broken('malformed', seq, 'The line is not canonical JSON: somebody has written it anew.')
  }

  private entry(entry: AuditEntry, raw: RawEntry): void {
    const { org_id, head } = this.counts
    const seq = this.next()
    const hash = entryHash(raw.entry, this.tools.sha256)
    if (entry.org_id !== org_id)
      throw new Broken('wrong_org', seq, `The entry is of organization ${entry.org_id}, the export of ${org_id}.`)
    if (entry.hash !== hash)
      throw new Broken('hash', seq, `The entry is not the one that was hashed: its hash would be ${hash}.`)
    if (entry.seq > seq)
      throw new Broken('gap', seq, `Entry ${seq} is missing: entry ${entry.seq} stands in its place.`)
    if (entry.seq < seq)
      throw new Broken('duplicate', entry.seq, `Entry ${entry.seq} comes again where entry ${seq} should be.`)
    if (entry.prev_hash !== (head?.hash ?? GENESIS.hash))
      throw new Broken('prev_hash', seq, `The entry does not follow the one before it, which was replaced.`)
    this.personal(seq, entry.personal, raw.personal)
    this.personal(seq, entry.target_personal, raw.target_personal)
    this.counts.entries++
    if (raw.personal !== undefined || raw.target_personal !== undefined) this.counts.opened++
    this.counts.head = { seq, hash, at: entry.at }
  }

  private personal(seq: number, sealed: Sealed | null, opened: unknown): void {
    if (opened === undefined) return
    if (sealed === null || this.tools.sha256(canonicalJson(opened)) !== sealed.digest)
      throw new Broken('personal', seq, 'The person in the entry is not the one that was sealed.')
  }

  private checkpoint(checkpoint: Checkpoint): void {
    const { org_id, head, signed, header_key } = this.counts
    const { seq } = checkpoint
    if (checkpoint.org_id !== org_id)
      throw new Broken(
        'wrong_org',
        seq,
        `The checkpoint is of organization ${checkpoint.org_id}, the export of ${org_id}.`,
      )
    const key = this.tools.publicKey ?? header_key
    if (key === null) throw new Broken('signature', seq, 'There is a checkpoint, and no public key to check it with.')
    if (!this.tools.isSigned(key, checkpointBody(checkpoint), checkpoint.signature))
      throw new Broken('signature', seq, `The signature of the checkpoint at entry ${seq} is not of this key.`)
    if (seq > (head?.seq ?? 0))
      throw new Broken(
        'truncated',
        this.next(),
        `Entry ${this.next()} is missing: a checkpoint was signed at entry ${seq}.`,
      )
    if (seq < (head?.seq ?? 0) || seq <= (signed?.seq ?? 0))
      throw new Broken('checkpoint_order', seq, `The checkpoint at entry ${seq} is not where it belongs.`)
    if (checkpoint.hash !== head?.hash)
      throw new Broken(
        'checkpoint_mismatch',
        seq,
        `Entry ${seq} is not the one that was signed: the chain up to it was replaced.`,
      )
    this.counts.checkpoints++
    this.counts.signed = { seq, at: checkpoint.at }
  }
}

interface RawEntry {
  entry: Record<string, unknown>
  personal?: unknown
  target_personal?: unknown
}
