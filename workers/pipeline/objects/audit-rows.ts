import type { AuditFilter, AuditLink, Checkpoint } from '../../contract/audit.ts'
import type { Cell } from '../../contract/tenant.ts'

/** Entries of one page of an export: whichever of the two is reached first. */
const PAGE_ENTRIES_MAX = 500
const PAGE_CHARS_MAX = 4_000_000

/** The tables of one organization's audit log. Entries are only ever inserted. */
export class AuditRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS owner (org_id TEXT PRIMARY KEY, cell TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL,
        at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, agent_id TEXT, target TEXT NOT NULL,
        entry TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS entry_actor ON entry (actor, seq);
      CREATE INDEX IF NOT EXISTS entry_target ON entry (target, seq);
      CREATE INDEX IF NOT EXISTS entry_agent ON entry (agent_id, seq) WHERE agent_id IS NOT NULL;
      CREATE TABLE IF NOT EXISTS checkpoint (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, checkpoint TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS sealed (one INTEGER PRIMARY KEY CHECK (one = 1));`)
  }

  /** Whose log this is; the first append says so, for ever. @throws for another organization or cell. */
  own(orgId: string, cell: Cell): void {
    const owner = this.owner()
    if (owner === null) this.sql.exec(`INSERT INTO owner (org_id, cell) VALUES (?, ?)`, orgId, cell)
    else if (owner.org_id !== orgId || owner.cell !== cell) throw new Error('this audit log is of another organization')
  }

  owner(): { org_id: string; cell: Cell } | null {
    return this.sql.exec<{ org_id: string; cell: Cell }>(`SELECT org_id, cell FROM owner`).toArray()[0] ?? null
  }

  /** Whether the organization's log goes on elsewhere. */
  isSealed(): boolean {
    return this.sql.exec('SELECT one FROM sealed').toArray().length > 0
  }

  seal(sealed: boolean): void {
    this.sql.exec(sealed ? 'INSERT OR IGNORE INTO sealed VALUES (1)' : 'DELETE FROM sealed')
  }

  head(): AuditLink | null {
    return this.sql.exec<Row>(`SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1`).toArray()[0] ?? null
  }

  linkOf(id: string): AuditLink | null {
    return this.sql.exec<Row>(`SELECT seq, hash FROM entry WHERE id = ?`, id).toArray()[0] ?? null
  }

  insert(
    id: string,
    { seq, hash, at, actor, action, agent_id, target }: Indexed,
    /** Canonical JSON of the entry. */
    text: string,
  ): void {
    this.sql.exec(
      `INSERT INTO entry (seq, id, hash, at_ms, actor, action, agent_id, target, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      id,
      hash,
      Date.parse(at),
      actor.id,
      action,
      agent_id,
      target.id,
      text,
    )
  }

  list(filter: AuditFilter, beforeSeq: number | null, limit: number): string[] {
    const where: string[] = []
    const values: (string | number)[] = []
    const add = (condition: string, ...given: (string | number)[]) => {
      where.push(condition)
      values.push(...given)
    }
    if (beforeSeq !== null) add('seq < ?', beforeSeq)
    if (filter.actor) add('actor IN (SELECT value FROM json_each(?))', JSON.stringify(filter.actor))
    if (filter.target) add('target IN (SELECT value FROM json_each(?))', JSON.stringify(filter.target))
    if (filter.agent_id !== undefined) add('agent_id = ?', filter.agent_id)
    // Letters, digits, dots and underscores all sort before `~`.
    if (filter.action_prefix !== undefined)
      add('action >= ? AND action < ?', filter.action_prefix, `${filter.action_prefix}~`)
    if (filter.from_ms !== undefined) add('at_ms >= ?', filter.from_ms)
    if (filter.to_ms !== undefined) add('at_ms < ?', filter.to_ms)
    const rows = this.sql.exec<{ entry: string }>(
      `SELECT entry FROM entry ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY seq DESC LIMIT ?`,
      ...values,
      limit,
    )
    return rows.toArray().map((row) => row.entry)
  }

  page(afterSeq: number, toSeq: number): { entries: string[]; checkpoints: Checkpoint[] } {
    const entries: string[] = []
    let last = afterSeq
    let chars = 0
    for (const { seq, entry } of this.sql.exec<{ seq: number; entry: string }>(
      `SELECT seq, entry FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      afterSeq,
      toSeq,
      PAGE_ENTRIES_MAX,
    )) {
      if (entries.length > 0 && chars + entry.length > PAGE_CHARS_MAX) break
      entries.push(entry)
      last = seq
      chars += entry.length
    }
    const signed = this.sql.exec<{ checkpoint: string }>(
      `SELECT checkpoint FROM checkpoint WHERE seq > ? AND seq <= ? ORDER BY seq`,
      afterSeq,
      last,
    )
    return { entries, checkpoints: signed.toArray().map((row) => JSON.parse(row.checkpoint) as Checkpoint) }
  }

  /** The last link that was signed. */
  signed(): AuditLink | null {
    return this.sql.exec<Row>(`SELECT seq, hash FROM checkpoint ORDER BY seq DESC LIMIT 1`).toArray()[0] ?? null
  }

  keep(checkpoint: Checkpoint): void {
    this.sql.exec(
      `INSERT INTO checkpoint (seq, hash, checkpoint) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
      checkpoint.seq,
      checkpoint.hash,
      JSON.stringify(checkpoint),
    )
  }
}

interface Row extends Record<string, SqlStorageValue> {
  seq: number
  hash: string
}

interface Indexed {
  seq: number
  hash: string
  at: string
  actor: { id: string }
  action: string
  agent_id: string | null
  target: { id: string }
}
