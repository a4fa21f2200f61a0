import type { Condition } from '../../../contract/alert-condition.ts'
import type { Incident, IncidentEvent, IncidentFilter, IncidentPage } from '../../../contract/alert.ts'
import type { IncidentRows, StoredIncident } from './incident-rows.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms))

/** What people see of the incidents of one organization, and do with them. */
export class Incidents {
  private readonly rows: IncidentRows

  constructor(rows: IncidentRows) {
    this.rows = rows
  }

  page({ cursor, ...filter }: IncidentFilter): IncidentPage {
    const before = cursor === null ? null : Number(cursor)
    const { incidents, next } = this.rows.page({ ...filter, before })
    return { data: incidents.map(incidentView), next_cursor: next === null ? null : String(next) }
  }

  find(id: string): { incident: Incident; timeline: IncidentEvent[]; condition: Condition } | null {
    const found = this.rows.find(id)
    if (found === null) return null
    const timeline = this.rows.events(id).map(({ at_ms, ...event }) => ({ at: iso(at_ms), ...event }))
    return { incident: incidentView(found), timeline, condition: found.body.condition }
  }

  acknowledge(id: string, by: string, nowMs: number): Incident | null {
    const found = this.rows.find(id)
    if (found === null) return null
    if (found.body.acknowledged_ms !== null) return incidentView(found)
    const acknowledged = { ...found, body: { ...found.body, acknowledged_ms: nowMs, acknowledged_by: by } }
    this.rows.put(acknowledged)
    this.rows.addEvent(id, { at_ms: nowMs, event: 'acknowledged', by, detail: '' })
    return incidentView(acknowledged)
  }
}

function incidentView({ body, opened_ms, resolved_ms, ...rest }: StoredIncident): Incident {
  const { condition: _, began_ms, acknowledged_ms, acknowledged_by, escalated_ms, ...shown } = body
  return {
    ...rest,
    ...shown,
    opened_at: iso(opened_ms),
    began_at: iso(began_ms),
    resolved_at: isoOrNull(resolved_ms),
    acknowledged_at: isoOrNull(acknowledged_ms),
    acknowledged_by,
    escalated_at: isoOrNull(escalated_ms),
  }
}
