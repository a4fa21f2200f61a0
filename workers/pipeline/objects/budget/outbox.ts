import type { CanonicalEvent } from '../../../contract/event.ts'
import type { ProjectTenant } from '../../../contract/tenant.ts'

/** An event that this object has to send, exactly once whatever happens. */
export interface Outgoing {
  id: string
  tenant: ProjectTenant
  event: CanonicalEvent
}

interface Row extends Record<string, SqlStorageValue> {
  id: string
  tenant: string
  event: string
}

const SENT_AT_ONCE = 100

/**
 * Events on their way to the queue. A row is kept in the turn that decided it and removed when the event is durable;
 * sent twice it is the same batch.
 */
export class Outbox {
  private readonly sql: SqlStorage
  private sending = false

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(
      'CREATE TABLE IF NOT EXISTS outbox (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, event TEXT NOT NULL) WITHOUT ROWID',
    )
  }

  put({ id, tenant, event }: Outgoing): void {
    this.sql.exec(
      'INSERT INTO outbox (id, tenant, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      id,
      JSON.stringify(tenant),
      JSON.stringify(event),
    )
  }

  isEmpty(): boolean {
    return this.sql.exec('SELECT 1 FROM outbox LIMIT 1').toArray().length === 0
  }

  /** Sends all there is; what fails stays for the next time. */
  async flush(send: (outgoing: Outgoing[]) => Promise<void>): Promise<void> {
    if (this.sending) return
    this.sending = true
    try {
      for (;;) {
        const rows = this.sql.exec<Row>('SELECT * FROM outbox ORDER BY id LIMIT ?', SENT_AT_ONCE).toArray()
        if (rows.length === 0) return
        await send(
          rows.map(({ id, tenant, event }) => ({
            id,
            tenant: JSON.parse(tenant) as ProjectTenant,
            event: JSON.parse(event) as CanonicalEvent,
          })),
        )
        this.sql.exec(
          'DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))',
          JSON.stringify(rows.map(({ id }) => id)),
        )
      }
    } finally {
      this.sending = false
    }
  }
}
