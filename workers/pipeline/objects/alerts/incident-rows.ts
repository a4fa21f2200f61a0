import type { Incident, INCIDENT_EVENTS, Preset, Severity } from '../../../contract/alert.ts'
import type { Condition } from '../../../contract/alert-condition.ts'

/** An incident as it is kept. */
export interface StoredIncident {
  id: string
  rule_id: string
  project_id: string | null
  state: Incident['state']
  severity: Severity
  opened_ms: number
  resolved_ms: number | null
  body: IncidentBody
}

export interface IncidentBody {
  rule_name: string
  preset: Preset
  /** The rule's condition when the incident was opened. */
  condition: Condition
  groups: Incident['groups']
  summary: string
  silenced: boolean
  /** When the condition began to hold. */
  began_ms: number
  acknowledged_ms: number | null
  acknowledged_by: string | null
  escalated_ms: number | null
  runbook_url: string | null
}

export interface StoredEvent {
  at_ms: number
  event: (typeof INCIDENT_EVENTS)[number]
  by: string | null
  detail: string
}

export interface IncidentQuery {
  state: Incident['state'] | null
  rule_id: string | null
  /** Null for incidents of all projects. */
  projects: readonly string[] | null
  /** Those with a smaller number than this. */
  before: number | null
  limit: number
}

interface Row extends Record<string, SqlStorageValue> {
  seq: number
  id: string
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
const EVENTS_MAX = 500

/** The incidents of one organization, numbered in the order in which they were opened, and what happened to each. */
export class IncidentRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS incident (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rule_id TEXT NOT NULL, project_id TEXT,
        state TEXT NOT NULL, severity TEXT NOT NULL, opened_ms INTEGER NOT NULL, resolved_ms INTEGER, body TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS incident_rule ON incident (rule_id, seq);
      CREATE INDEX IF NOT EXISTS incident_firing ON incident (seq) WHERE state = 'firing';
      CREATE TABLE IF NOT EXISTS incident_event (incident_id TEXT, n INTEGER, at_ms INTEGER NOT NULL, event TEXT NOT NULL, by TEXT,
        detail TEXT NOT NULL, PRIMARY KEY (incident_id, n)) WITHOUT ROWID;`)
  }

  firing(): StoredIncident[] {
    return this.sql.exec<Row>(`SELECT * FROM incident WHERE state = 'firing' ORDER BY seq`).toArray().map(fromRow)
  }

  find(id: string): StoredIncident | null {
    const row = this.sql.exec<Row>('SELECT * FROM incident WHERE id = ?', id).toArray()[0]
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

  put(i: StoredIncident): void {
    this.sql.exec(
      `INSERT INTO incident (id, rule_id, project_id, state, severity, opened_ms, resolved_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, severity = excluded.severity, resolved_ms = excluded.resolved_ms, body = excluded.body`,
      ...[i.id, i.rule_id, i.project_id, i.state, i.severity, i.opened_ms, i.resolved_ms, JSON.stringify(i.body)],
    )
  }

  events(id: string): StoredEvent[] {
    return this.sql
      .exec<StoredEvent & Record<string, SqlStorageValue>>(
        'SELECT at_ms, event, by, detail FROM incident_event WHERE incident_id = ? ORDER BY n',
        id,
      )
      .toArray()
  }

  /** Of one that goes on and on, the first events are kept. */
  addEvent(id: string, { at_ms, event, by, detail }: StoredEvent): void {
    this.sql.exec(
      `INSERT INTO incident_event (incident_id, n, at_ms, event, by, detail)
       SELECT ?1, n, ?2, ?3, ?4, ?5 FROM (SELECT coalesce(max(n), 0) + 1 AS n FROM incident_event WHERE incident_id = ?1) WHERE n <= ?6`,
      ...[id, at_ms, event, by, detail, EVENTS_MAX],
    )
  }

  isEmpty(): boolean {
    return this.sql.exec('SELECT 1 FROM incident LIMIT 1').toArray().length === 0
  }

  /** Removes some that are too old or too many. */
  prune(nowMs: number): void {
    const gone = this.sql
      .exec<{ id: string }>(
        `DELETE FROM incident WHERE seq IN (SELECT seq FROM (SELECT seq, opened_ms FROM incident WHERE state = 'resolved' ORDER BY seq LIMIT ?3)
           WHERE opened_ms < ?1 OR seq <= (SELECT max(seq) FROM incident) - ?2) RETURNING id`,
        ...[nowMs - KEPT_MS, KEPT_MAX, PRUNE_MAX],
      )
      .toArray()
    if (gone.length > 0)
      this.sql.exec(
        'DELETE FROM incident_event WHERE incident_id IN (SELECT value FROM json_each(?))',
        JSON.stringify(gone.map(({ id }) => id)),
      )
  }
}

function fromRow({ seq: _, ...row }: Row): StoredIncident {
  return {
    ...row,
    state: row.state as Incident['state'],
    severity: row.severity as Severity,
    body: JSON.parse(row.body) as IncidentBody,
  }
}
