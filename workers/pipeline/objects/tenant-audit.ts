import { DurableObject } from 'cloudflare:workers'
import type { AuditDraft, AuditFilter, AuditLink, Checkpoint, TenantAuditRpc } from '../../contract/audit.ts'
import type { Digest, ObjectPage, SealableRpc } from '../../contract/move.ts'
import type { Cell } from '../../contract/tenant.ts'
import { canonicalJson } from '../../domain/audit/canonical-json.ts'
import {
  CHECKPOINT_EVERY,
  checkpointBody,
  checkpointsDue,
  followEntries,
  GENESIS,
  linkEntry,
} from '../../domain/audit/chain.ts'
import { auditTools, type Env } from '../deps.ts'
import { log } from '../log.ts'
import { AuditRows } from './audit-rows.ts'
import { Portable } from './portable.ts'

const HOUR_MS = 3_600_000
const AGAIN_MS = 60_000

/** Told once in the life of an isolate. */
let toldOfMissingKey = false

/**
 * The audit log of one organization: a chain of hashes that only this object writes, so that calls at the same moment
 * follow each other. Checkpoints of it are signed and kept in the bucket of its cell, out of reach of this storage.
 */
export class TenantAudit extends DurableObject<Env> implements TenantAuditRpc, SealableRpc {
  private readonly rows: AuditRows
  private readonly portable: Portable
  private readonly tools: ReturnType<typeof auditTools>
  private hasAlarm = false
  private signing: Promise<void> | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.rows = new AuditRows(ctx.storage.sql)
    this.portable = new Portable(ctx.storage.sql, ['owner', 'sealed'])
    this.tools = auditTools(env)
  }

  async append(
    { org_id, cell }: { org_id: string; cell: Cell },
    records: { id: string; draft: AuditDraft }[],
  ): Promise<AuditLink[]> {
    const links = this.ctx.storage.transactionSync(() => {
      if (this.rows.isSealed()) throw new Error('this audit log goes on in another cell')
      this.rows.own(org_id, cell)
      return records.map(({ id, draft }) => this.rows.linkOf(id) ?? this.add(org_id, id, draft))
    })
    await this.ensureAlarm()
    return links
  }

  async list(filter: AuditFilter, before_seq: number | null, limit: number): Promise<string[]> {
    return this.rows.list(filter, before_seq, limit)
  }

  async page(after_seq: number, to_seq: number): Promise<{ entries: string[]; checkpoints: Checkpoint[] }> {
    return this.rows.page(after_seq, to_seq)
  }

  async sealHead(): Promise<AuditLink | null> {
    const head = this.rows.head()
    // An export must come out even of a log that cannot be signed: it is then the evidence.
    if (head !== null) await this.sign().catch((error: unknown) => this.tell(error))
    return head
  }

  async publicKey(): Promise<string | null> {
    return (await this.tools.signer())?.publicKey ?? null
  }

  async seal(sealed: boolean): Promise<void> {
    // What is being signed is of the old chain still.
    while (this.signing !== null) await this.signing.catch(() => {})
    this.rows.seal(sealed)
  }

  async exportRows(cursor: string | null): Promise<ObjectPage | null> {
    return this.portable.exportRows(cursor)
  }

  async importRows({ org_id, cell }: { org_id: string; cell: Cell }, table: string, rows: string): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.rows.own(org_id, cell)
      this.portable.importRows(table, rows)
    })
    await this.ensureAlarm()
  }

  async digest(): Promise<Record<string, Digest>> {
    return this.portable.digest()
  }

  /** Sealed it stays sealed: who still takes this for the log of their organization must not begin a second chain. */
  async wipe(): Promise<void> {
    this.portable.wipe(['sealed'])
    this.hasAlarm = false
    await this.ctx.storage.deleteAlarm()
  }

  override async alarm(): Promise<void> {
    this.hasAlarm = false
    try {
      await this.sign()
    } catch (error) {
      // Not left to the platform's retries, which end after six.
      this.tell(error)
      await this.ctx.storage.setAlarm(Date.now() + AGAIN_MS)
    }
  }

  private tell(error: unknown): void {
    log(this.env.LOG_LEVEL)('error', 'audit.checkpoint', { org_id: this.rows.owner()?.org_id, error: String(error) })
  }

  private add(orgId: string, id: string, draft: AuditDraft): AuditLink {
    const entry = linkEntry(orgId, this.rows.head() ?? GENESIS, draft, this.tools.sha256)
    this.rows.insert(id, entry, canonicalJson(entry))
    return { seq: entry.seq, hash: entry.hash }
  }

  /** Within the hour; at once when a thousand entries wait. */
  private async ensureAlarm(): Promise<void> {
    const waiting = (this.rows.head()?.seq ?? 0) - (this.rows.signed()?.seq ?? 0)
    if (waiting === 0) return
    if (waiting >= CHECKPOINT_EVERY && this.tools.canSign) {
      const alarm = await this.ctx.storage.getAlarm()
      if (alarm === null || alarm > Date.now() + AGAIN_MS) await this.ctx.storage.setAlarm(Date.now())
      this.hasAlarm = true
    } else if (!this.hasAlarm) {
      if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + HOUR_MS)
      this.hasAlarm = true
    }
  }

  /** Signs what is due; calls at the same time wait for the same work, and then look for what is left. */
  private async sign(): Promise<void> {
    while (this.signing !== null) await this.signing.catch(() => {})
    this.signing = this.signDue()
    try {
      await this.signing
    } finally {
      this.signing = null
    }
  }

  private async signDue(): Promise<void> {
    const owner = this.rows.owner()
    const signer = await this.tools.signer()
    if (owner === null || this.rows.isSealed()) return
    if (signer === null) {
      if (!toldOfMissingKey) log(this.env.LOG_LEVEL)('error', 'audit.no_signing_key', { secret: 'AUDIT_SIGNING_KEY' })
      toldOfMissingKey = true
      return
    }
    let last = this.rows.signed() ?? GENESIS
    for (const seq of checkpointsDue(last.seq, this.rows.head()?.seq ?? 0)) {
      last = this.follow(last, seq)
      const body = { v: 1 as const, org_id: owner.org_id, ...last, at: new Date().toISOString() }
      const checkpoint = { ...body, signature: await signer.sign(checkpointBody(body)) }
      const kept = await this.tools.keepCheckpoint(owner.cell, checkpoint)
      if (kept.hash !== last.hash) throw new Error(`entry ${seq} is not the one that was signed before`)
      this.rows.keep(kept)
    }
  }

  /** From what was signed last to what is to be signed: a chain that was changed in between gets no signature. */
  private follow(from: AuditLink, to: number): AuditLink {
    let last = from
    while (last.seq < to) {
      const { entries } = this.rows.page(last.seq, to)
      if (entries.length === 0) throw new Error(`there is no entry after ${last.seq}`)
      last = followEntries(last, entries, this.tools.sha256)
    }
    return last
  }
}
