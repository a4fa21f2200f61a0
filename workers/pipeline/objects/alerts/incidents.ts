import type { Condition } from '../../../contract/alert-condition.ts'
import type { Incident, IncidentEvent, IncidentFilter, IncidentPage } from '../../../contract/alert.ts'
import { acknowledged, type StoredIncident } from '../../../domain/alert/incident.ts'
import type { IncidentRows } from './incident-rows.ts'

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
    const timeline = found.timeline.map(({ at_ms, ...event }) => ({ at: iso(at_ms), ...event }))
    return { incident: incidentView(found), timeline, condition: found.condition }
  }

  acknowledge(id: string, by: string, nowMs: number): Incident | null {
    const found = this.rows.find(id)
    if (found === null) return null
    const after = acknowledged(found, by, nowMs)
    if (after !== null) this.rows.put(after)
    return incidentView(after ?? found)
  }
}

function incidentView(one: StoredIncident): Incident {
  const { id, rule_id, rule_name, preset, project_id, state, severity, groups, summary, silenced, runbook_url } = one
  return {
    ...{ id, rule_id, rule_name, preset, project_id, state, severity, groups, summary, silenced, runbook_url },
    opened_at: iso(one.opened_ms),
    began_at: iso(one.began_ms),
    resolved_at: isoOrNull(one.resolved_ms),
    acknowledged_at: isoOrNull(one.acknowledged_ms),
    acknowledged_by: one.acknowledged_by,
    escalated_at: isoOrNull(one.escalated_ms),
  }
}
