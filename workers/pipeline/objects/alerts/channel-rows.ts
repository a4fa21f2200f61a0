import type { Channel, ChannelSettings } from '../../../contract/notify.ts'

/** A channel as it is kept. Its settings are secret in part, and leave this object for the consumer only. */
export interface StoredChannel {
  id: string
  name: string
  settings: ChannelSettings
  enabled: boolean
  secret: string | null
  /** Signs besides the new one until then. */
  old_secret: string | null
  old_until_ms: number | null
  health: Channel['health']
  /** How often it has died: each death is told once. */
  deaths: number
  last_sent_ms: number | null
  last_error: string | null
  created_ms: number
}

interface Row extends Record<string, SqlStorageValue> {
  id: string
  body: string
}

/** Where the alerts of one organization are told. */
export class ChannelRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS channel (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID')
  }

  all(): StoredChannel[] {
    return this.sql.exec<Row>('SELECT * FROM channel ORDER BY id').toArray().map(fromRow)
  }

  find(id: string): StoredChannel | null {
    const row = this.sql.exec<Row>('SELECT * FROM channel WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  put({ id, ...body }: StoredChannel): void {
    this.sql.exec('INSERT OR REPLACE INTO channel (id, body) VALUES (?, ?)', id, JSON.stringify(body))
  }

  remove(id: string): boolean {
    return this.sql.exec('DELETE FROM channel WHERE id = ? RETURNING id', id).toArray().length > 0
  }
}

function fromRow({ id, body }: Row): StoredChannel {
  return { id, ...(JSON.parse(body) as Omit<StoredChannel, 'id'>) }
}

/** What people see of a channel: of a secret its last four characters. */
export function channelView(one: StoredChannel): Channel {
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  return {
    id: one.id,
    name: one.name,
    type: one.settings.type,
    target: targetOf(one.settings),
    enabled: one.enabled,
    health: one.health,
    last_sent_at: iso(one.last_sent_ms),
    last_error: one.last_error,
    created_at: new Date(one.created_ms).toISOString(),
  }
}

const ENDING = 4
const ending = (text: string) => `…${text.slice(-ENDING)}`

function targetOf(settings: ChannelSettings): string {
  switch (settings.type) {
    case 'email':
      return settings.to.join(', ')
    case 'pagerduty':
      return `routing key ${ending(settings.routing_key)}`
    case 'slack':
    case 'webhook':
      // A path may hold a token, and so may a query.
      return `${new URL(settings.url).host}/${ending(settings.url)}`
  }
}
