import type { Incident, Severity } from '../../../contract/alert.ts'
import type { StoredIncident } from '../../../domain/alert/incident.ts'

export interface IncidentQuery {
  state: Incident['state'] | null
  rule_id: string | null
  /** Null for incidents of all projects. */
  projects: readonly string[] | null
  /** Those with a smaller number than this. */
  before: number | null
  limit: number
}

/** What of an incident has no column of its own. */
type Body = Omit<
  StoredIncident,
  'id' | 'key' | 'rule_id' | 'project_id' | 'state' | 'severity' | 'opened_ms' | 'resolved_ms'
>

interface Row extends Record<string, SqlStorageValue> {
  seq: number
  id: string
  key: string
  rule_id: string
  project_id: string | null
  state: string
  severity: string
  opened_ms: number
  resolved_ms: number | null
  body: string
}

const KEPT_MS = 400 * 86_400_000
const KEPT_MAX = 5000
const PRUNE_MAX = 100

/** The incidents of one organization, numbered in the order in which they were opened, and what happened to each. */
export class IncidentRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS incident (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, rule_id TEXT NOT NULL,
        project_id TEXT, state TEXT NOT NULL, severity TEXT NOT NULL, opened_ms INTEGER NOT NULL, resolved_ms INTEGER, body TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS incident_rule ON incident (rule_id, seq);
      CREATE INDEX IF NOT EXISTS incident_firing ON incident (seq) WHERE state = 'firing';`)
  }

  firing(): StoredIncident[] {
    return this.sql.exec<Row>(`SELECT * FROM incident WHERE state = 'firing' ORDER BY seq`).toArray().map(fromRow)
  }

  find(id: string): StoredIncident | null {
    const row = this.sql.exec<Row>('SELECT * FROM incident WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  /** The last of a rule with this key that was resolved. */
  lastResolved(ruleId: string, key: string): StoredIncident | null {
    const row = this.sql
      .exec<Row>(
        `SELECT * FROM incident WHERE rule_id = ? AND key = ? AND state = 'resolved' ORDER BY seq DESC LIMIT 1`,
        ruleId,
        key,
      )
      .toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  /** Newest first; `next` is the number to go on before. */
  page({ state, rule_id, projects, before, limit }: IncidentQuery): {
    incidents: StoredIncident[]
    next: number | null
  } {
    const rows = this.sql
      .exec<Row>(
        `SELECT * FROM incident WHERE seq < ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR rule_id = ?3)
           AND (?4 IS NULL OR project_id IN (SELECT value FROM json_each(?4))) ORDER BY seq DESC LIMIT ?5`,
        ...[before ?? Number.MAX_SAFE_INTEGER, state, rule_id, projects && JSON.stringify(projects), limit + 1],
      )
      .toArray()
    const page = rows.slice(0, limit)
    return { incidents: page.map(fromRow), next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null }
  }

  openedSince(ms: number, projects: readonly string[] | null): number {
    return this.sql
      .exec<{ n: number }>(
        `SELECT count(*) AS n FROM (SELECT opened_ms, project_id FROM incident ORDER BY seq DESC LIMIT ?3)
         WHERE opened_ms >= ?1 AND (?2 IS NULL OR project_id IN (SELECT value FROM json_each(?2)))`,
        ...[ms, projects && JSON.stringify(projects), KEPT_MAX],
      )
      .one().n
  }

  put(incident: StoredIncident): void {
    const { id, key, rule_id, project_id, state, severity, opened_ms, resolved_ms, ...body } = incident
    this.sql.exec(
      `INSERT INTO incident (id, key, rule_id, project_id, state, severity, opened_ms, resolved_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, severity = excluded.severity, resolved_ms = excluded.resolved_ms, body = excluded.body`,
      ...[id, key, rule_id, project_id, state, severity, opened_ms, resolved_ms, JSON.stringify(body)],
    )
  }

  isEmpty(): boolean {
    return this.sql.exec('SELECT 1 FROM incident LIMIT 1').toArray().length === 0
  }

  /** Removes some that are too old or too many. */
  prune(nowMs: number): void {
    this.sql.exec(
      `DELETE FROM incident WHERE seq IN (SELECT seq FROM (SELECT seq, opened_ms FROM incident WHERE state = 'resolved' ORDER BY seq LIMIT ?3)
         WHERE opened_ms < ?1 OR seq <= (SELECT max(seq) FROM incident) - ?2)`,
      ...[nowMs - KEPT_MS, KEPT_MAX, PRUNE_MAX],
    )
  }
}

function fromRow({ seq: _, body, ...row }: Row): StoredIncident {
  return {
    ...(JSON.parse(body) as Body),
    ...row,
    state: row.state as Incident['state'],
    severity: row.severity as Severity,
  }
}
