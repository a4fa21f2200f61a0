import { DurableObject } from 'cloudflare:workers'
import type { BudgetScope, SpendCounter, SpendDelta, TenantBudgetRpc } from '../../contract/budget.ts'
import type { ErasableRpc } from '../../contract/erasure.ts'
import { eraserOf } from '../../domain/erase.ts'
import { scopesOf } from '../../domain/spend-scope.ts'
import type { Digest, ObjectPage, PortableRpc } from '../../contract/move.ts'
import type { Env } from '../deps.ts'
import { eraseCounters } from './erase-counters.ts'
import { Portable } from './portable.ts'

/** Commits whose deltas are kept as they came before they are folded into counters. */
const UNFOLDED_MAX = 128
/** A queue keeps a message for 14 days at most; older commits cannot come again. */
const COMMITS_KEPT_MS = 15 * 86_400_000
const PRUNE_MAX = 1000
const DAY_MS = 86_400_000

/**
 * Exact spend of one organization, by scope and UTC quarter hour. `apply` writes one row and is idempotent by
 * commit; sums are folded later, because rows written are the bill. Limits and reservations decide on these sums.
 */
export class TenantBudget extends DurableObject<Env> implements TenantBudgetRpc, PortableRpc, ErasableRpc {
  private readonly sql: SqlStorage
  private readonly portable: Portable
  /** Commits that wait to be folded; counted once, then kept in step. */
  private waiting: number
  private hasAlarm = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.sql = ctx.storage.sql
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS commits (commit_id TEXT PRIMARY KEY, applied_ms INTEGER NOT NULL, deltas TEXT) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS unfolded ON commits (commit_id) WHERE deltas IS NOT NULL;
      CREATE TABLE IF NOT EXISTS counter (scope TEXT, id TEXT, quarter_ms INTEGER, cost_nanousd INTEGER NOT NULL,
        tokens INTEGER NOT NULL, entries INTEGER NOT NULL, PRIMARY KEY (scope, id, quarter_ms)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS reconciliation (at_ms INTEGER PRIMARY KEY, ledger_nanousd TEXT NOT NULL, counted_nanousd TEXT NOT NULL,
        difference_nanousd TEXT NOT NULL, entries_difference INTEGER NOT NULL);`)
    this.portable = new Portable(this.sql)
    this.waiting = this.countWaiting()
  }

  private countWaiting(): number {
    return this.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM commits WHERE deltas IS NOT NULL`).one().n
  }

  async apply(commitId: string, deltas: SpendDelta[]): Promise<{ applied: boolean }> {
    if (!deltas.every(isSound)) throw new Error('a spend delta is not a whole, non-negative amount')
    const inserted = this.sql.exec(
      `INSERT INTO commits (commit_id, applied_ms, deltas) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING commit_id`,
      commitId,
      Date.now(),
      JSON.stringify(deltas),
    )
    if (inserted.toArray().length === 0) return { applied: false }
    this.waiting++
    if (this.waiting >= UNFOLDED_MAX) this.fold()
    await this.ensureAlarm()
    return { applied: true }
  }

  async missing(commitIds: string[]): Promise<string[]> {
    const known = this.sql.exec<{ commit_id: string }>(
      `SELECT c.commit_id FROM json_each(?) j JOIN commits c ON c.commit_id = j.value`,
      JSON.stringify(commitIds),
    )
    const found = new Set(known.toArray().map((row) => row.commit_id))
    return commitIds.filter((id) => !found.has(id))
  }

  async snapshot({ from_ms, to_ms }: { from_ms: number; to_ms: number }): Promise<SpendCounter[]> {
    this.fold()
    return this.sql
      .exec<{ scope: string; id: string; cost_nanousd: string; tokens: number; entries: number }>(
        `SELECT scope, id, CAST(sum(cost_nanousd) AS TEXT) AS cost_nanousd, sum(tokens) AS tokens, sum(entries) AS entries
         FROM counter WHERE quarter_ms >= ? AND quarter_ms < ? GROUP BY scope, id`,
        from_ms,
        to_ms,
      )
      .toArray()
      .map((row) => ({ ...row, scope: row.scope as BudgetScope, tokens: String(row.tokens) }))
  }

  async reconcile(ledger: {
    cost_nanousd: string
    entries: number
  }): Promise<{ difference_nanousd: string; entries_difference: number }> {
    this.fold()
    const counted = this.sql
      .exec<{ cost: string; entries: number }>(
        `SELECT CAST(coalesce(sum(cost_nanousd), 0) AS TEXT) AS cost, coalesce(sum(entries), 0) AS entries FROM counter WHERE scope = 'org'`,
      )
      .one()
    const difference_nanousd = (BigInt(counted.cost) - BigInt(ledger.cost_nanousd)).toString()
    const entries_difference = counted.entries - ledger.entries
    this.sql.exec(
      `INSERT OR REPLACE INTO reconciliation VALUES (?, ?, ?, ?, ?)`,
      Date.now(),
      ledger.cost_nanousd,
      counted.cost,
      difference_nanousd,
      entries_difference,
    )
    this.sql.exec(
      `DELETE FROM reconciliation WHERE at_ms NOT IN (SELECT at_ms FROM reconciliation ORDER BY at_ms DESC LIMIT 100)`,
    )
    return { difference_nanousd, entries_difference }
  }

  async erase(subject: string, token: string): Promise<{ scanned: number; changed: number }> {
    this.fold()
    return eraseCounters(this.ctx.storage, eraserOf(subject, token))
  }

  async exportRows(cursor: string | null): Promise<ObjectPage | null> {
    if (cursor === null) this.fold()
    return this.portable.exportRows(cursor)
  }

  async importRows(_tenant: unknown, table: string, rows: string): Promise<void> {
    this.portable.importRows(table, rows)
    this.waiting = this.countWaiting()
    await this.ensureAlarm()
  }

  async digest(): Promise<Record<string, Digest>> {
    this.fold()
    return this.portable.digest()
  }

  async wipe(): Promise<void> {
    this.portable.wipe()
    this.waiting = 0
    this.hasAlarm = false
    await this.ctx.storage.deleteAlarm()
  }

  override async alarm(): Promise<void> {
    this.fold()
    const pruned = this.sql
      .exec(
        `DELETE FROM commits WHERE commit_id IN (SELECT commit_id FROM commits WHERE applied_ms < ? LIMIT ?) RETURNING commit_id`,
        Date.now() - COMMITS_KEPT_MS,
        PRUNE_MAX,
      )
      .toArray().length
    await this.ctx.storage.setAlarm(Date.now() + (pruned === PRUNE_MAX ? 1000 : DAY_MS))
  }

  private async ensureAlarm(): Promise<void> {
    if (this.hasAlarm) return
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + DAY_MS)
    this.hasAlarm = true
  }

  private unfolded(): { commit_id: string; deltas: string }[] {
    return this.sql
      .exec<{ commit_id: string; deltas: string }>(`SELECT commit_id, deltas FROM commits WHERE deltas IS NOT NULL`)
      .toArray()
  }

  /** Adds what is unfolded to the counters; in one turn, so nothing is added twice or left out. */
  private fold(): void {
    const commits = this.unfolded()
    if (commits.length === 0) return
    const sums = new Map<
      string,
      [scope: string, id: string, quarter: number, cost: bigint, tokens: number, entries: number]
    >()
    for (const { deltas } of commits) {
      for (const delta of JSON.parse(deltas) as SpendDelta[]) {
        for (const [scope, id] of scopesOf(delta)) {
          const key = `${scope}\n${id}\n${delta.quarter_ms}`
          const sum = sums.get(key)
          if (sum === undefined)
            sums.set(key, [scope, id, delta.quarter_ms, BigInt(delta.cost_nanousd), delta.tokens, delta.entries])
          else {
            sum[3] += BigInt(delta.cost_nanousd)
            sum[4] += delta.tokens
            sum[5] += delta.entries
          }
        }
      }
    }
    const rows = [...sums.values()].map(([scope, id, quarter, cost, tokens, entries]) => [
      scope,
      id,
      quarter,
      cost.toString(),
      tokens,
      entries,
    ])
    this.ctx.storage.transactionSync(() => {
      this.sql.exec(
        `INSERT INTO counter (scope, id, quarter_ms, cost_nanousd, tokens, entries)
         SELECT value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS INTEGER), value ->> 4, value ->> 5 FROM json_each(?) WHERE true
         ON CONFLICT DO UPDATE SET cost_nanousd = cost_nanousd + excluded.cost_nanousd, tokens = tokens + excluded.tokens, entries = entries + excluded.entries`,
        JSON.stringify(rows),
      )
      this.sql.exec(`UPDATE commits SET deltas = NULL WHERE deltas IS NOT NULL`)
    })
    this.waiting = 0
  }
}

function isSound(delta: SpendDelta): boolean {
  return [delta.cost_nanousd, delta.tokens, delta.entries, delta.quarter_ms].every(
    (n) => Number.isSafeInteger(n) && n >= 0,
  )
}
