import type { BudgetScope, SpendCounter, SpendDelta } from '../../../contract/budget.ts'
import { scopesOf } from '../../../domain/spend-scope.ts'

/** Commits whose deltas are kept as they came before they are folded into counters. */
const UNFOLDED_MAX = 128
/** A queue keeps a message for 14 days at most; older commits cannot come again. */
const COMMITS_KEPT_MS = 15 * 86_400_000
const PRUNE_MAX = 1000
const NAMES_KEPT_MS = 62 * 86_400_000
/** Scopes that are named by agents, and kept so long only. */
export const NAMED_SCOPES: readonly BudgetScope[] = ['agent', 'workflow', 'user']

/**
 * Exact spend of one organization, by scope and UTC quarter hour. A commit is one row and counts once; sums are folded
 * later, because rows written are the bill.
 */
export class Counters {
  private readonly storage: DurableObjectStorage
  private readonly sql: SqlStorage
  /** Commits that wait to be folded; counted once, then kept in step. */
  private waiting: number

  constructor(storage: DurableObjectStorage) {
    this.storage = storage
    this.sql = storage.sql
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS commits (commit_id TEXT PRIMARY KEY, applied_ms INTEGER NOT NULL, deltas TEXT) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS unfolded ON commits (commit_id) WHERE deltas IS NOT NULL;
      CREATE TABLE IF NOT EXISTS counter (scope TEXT, id TEXT, quarter_ms INTEGER, cost_nanousd INTEGER NOT NULL,
        tokens INTEGER NOT NULL, entries INTEGER NOT NULL, PRIMARY KEY (scope, id, quarter_ms)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS reconciliation (at_ms INTEGER PRIMARY KEY, ledger_nanousd TEXT NOT NULL, counted_nanousd TEXT NOT NULL,
        difference_nanousd TEXT NOT NULL, entries_difference INTEGER NOT NULL);`)
    this.waiting = this.recount()
  }

  /** After the tables were changed by somebody else. */
  recount(): number {
    this.waiting = this.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM commits WHERE deltas IS NOT NULL`).one().n
    return this.waiting
  }

  /** False for a commit that was added before. @throws for amounts that cannot be counted. */
  add(commitId: string, deltas: SpendDelta[], nowMs: number): boolean {
    if (!deltas.every(isSound)) throw new Error('a spend delta is not a whole amount')
    const inserted = this.sql.exec(
      `INSERT INTO commits (commit_id, applied_ms, deltas) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING commit_id`,
      commitId,
      nowMs,
      JSON.stringify(deltas),
    )
    if (inserted.toArray().length === 0) return false
    this.waiting++
    return true
  }

  foldWhenMany(): void {
    if (this.waiting >= UNFOLDED_MAX) this.fold()
  }

  missing(commitIds: string[]): string[] {
    const known = this.sql.exec<{ commit_id: string }>(
      `SELECT c.commit_id FROM json_each(?) j JOIN commits c ON c.commit_id = j.value`,
      JSON.stringify(commitIds),
    )
    const found = new Set(known.toArray().map((row) => row.commit_id))
    return commitIds.filter((id) => !found.has(id))
  }

  /** What one scope has spent over [from, to). */
  spent(scope: BudgetScope, id: string, fromMs: number, toMs: number): bigint {
    this.fold()
    const row = this.sql
      .exec<{ cost: string }>(
        `SELECT CAST(coalesce(sum(cost_nanousd), 0) AS TEXT) AS cost FROM counter
         WHERE scope = ? AND id = ? AND quarter_ms >= ? AND quarter_ms < ?`,
        scope,
        id,
        fromMs,
        toMs,
      )
      .one()
    return BigInt(row.cost)
  }

  /** What one scope has spent in each unit of [from, to), counted from `zero_ms`; units without spend are left out. */
  sums(
    scope: BudgetScope,
    id: string,
    { from_ms, to_ms }: { from_ms: number; to_ms: number },
    { zero_ms, unit_ms }: { zero_ms: number; unit_ms: number },
  ): { at: number; cost: bigint }[] {
    this.fold()
    return this.sql
      .exec<{ at: number; cost: string }>(
        `SELECT CAST((quarter_ms - ?) / ? AS INTEGER) AS at, CAST(sum(cost_nanousd) AS TEXT) AS cost FROM counter
         WHERE scope = ? AND id = ? AND quarter_ms >= ? AND quarter_ms < ? GROUP BY at ORDER BY at`,
        ...[zero_ms, unit_ms, scope, id, from_ms, to_ms],
      )
      .toArray()
      .map(({ at, cost }) => ({ at, cost: BigInt(cost) }))
  }

  snapshot({ from_ms, to_ms }: { from_ms: number; to_ms: number }): SpendCounter[] {
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

  reconcile(
    ledger: { cost_nanousd: string; entries: number },
    nowMs: number,
  ): { difference_nanousd: string; entries_difference: number } {
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
      nowMs,
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

  /** Whether more is left to remove. */
  prune(nowMs: number): boolean {
    // Budgets look no further back than a month; names of agents and people need not stay longer than that.
    this.sql.exec(
      'DELETE FROM counter WHERE scope IN (SELECT value FROM json_each(?)) AND quarter_ms < ?',
      JSON.stringify(NAMED_SCOPES),
      nowMs - NAMES_KEPT_MS,
    )
    const pruned = this.sql
      .exec(
        `DELETE FROM commits WHERE commit_id IN (SELECT commit_id FROM commits WHERE applied_ms < ? LIMIT ?) RETURNING commit_id`,
        nowMs - COMMITS_KEPT_MS,
        PRUNE_MAX,
      )
      .toArray().length
    return pruned === PRUNE_MAX
  }

  /** Adds what is unfolded to the counters; in one turn, so nothing is added twice or left out. */
  fold(): void {
    if (this.waiting === 0) return
    const commits = this.sql
      .exec<{ commit_id: string; deltas: string }>(`SELECT commit_id, deltas FROM commits WHERE deltas IS NOT NULL`)
      .toArray()
    const rows = sumsOf(commits.flatMap(({ deltas }) => JSON.parse(deltas) as SpendDelta[]))
    this.storage.transactionSync(() => {
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

/** One row per scope, id and quarter hour; amounts as text. */
function sumsOf(deltas: readonly SpendDelta[]): unknown[][] {
  const sums = new Map<string, { place: [string, string, number]; cost: bigint; tokens: number; entries: number }>()
  for (const delta of deltas) {
    for (const [scope, id] of scopesOf(delta)) {
      const key = `${scope}\n${id}\n${delta.quarter_ms}`
      const sum = sums.get(key) ?? { place: [scope, id, delta.quarter_ms], cost: 0n, tokens: 0, entries: 0 }
      sum.cost += BigInt(delta.cost_nanousd)
      sum.tokens += delta.tokens
      sum.entries += delta.entries
      sums.set(key, sum)
    }
  }
  return [...sums.values()].map(({ place, cost, tokens, entries }) => [...place, cost.toString(), tokens, entries])
}

/** Costs may be negative, where the guard takes an entry back. */
function isSound(delta: SpendDelta): boolean {
  const counts = [delta.tokens, delta.entries, delta.quarter_ms]
  return Number.isSafeInteger(delta.cost_nanousd) && counts.every((n) => Number.isSafeInteger(n) && n >= 0)
}
