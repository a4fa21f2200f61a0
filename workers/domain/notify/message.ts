import type { Message } from '../../contract/notify.ts'
import { groupWords } from '../alert/group.ts'
import type { Telling } from '../alert/incident.ts'

const GROUPS_TOLD = 10

/** What channels are told of an incident. Only what rules say: nothing of what agents were asked or answered. */
export function messageOf({ notice, incident }: Telling, orgId: string, nowMs: number): Message {
  const { groups, severity, rule_name, began_ms, resolved_ms, runbook_url } = incident
  const told = groups.slice(0, GROUPS_TOLD).map(({ group, detail }) => {
    const words = 'budget_id' in group ? '' : groupWords(group)
    return words === '' ? detail : `${words}: ${detail}`
  })
  const more = groups.length - told.length
  const minutes = Math.max(1, Math.round(((resolved_ms ?? nowMs) - began_ms) / 60_000))
  return {
    notice,
    incident_id: incident.id,
    severity,
    title: titleOf(notice, severity, rule_name),
    lines: [
      ...(notice === 'resolved' ? [`It is over after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`] : []),
      ...(notice === 'escalated' ? ['Nobody has acknowledged it so far.'] : []),
      ...told,
      ...(more > 0 ? [`And ${more} more.`] : []),
    ],
    facts: { Rule: rule_name, Severity: severity, Since: new Date(began_ms).toISOString() },
    path: `/${orgId}/alerts/incidents/${incident.id}`,
    runbook_url,
    at_ms: nowMs,
  }
}

/** What the test button of a channel sends. */
export function testMessage(channel: string, orgId: string, nowMs: number): Message {
  return {
    notice: 'test',
    incident_id: null,
    severity: null,
    title: 'Test from AgentOps',
    lines: [`The channel “${channel}” works: alerts come like this.`],
    facts: { Channel: channel },
    path: `/${orgId}/alerts/channels`,
    runbook_url: null,
    at_ms: nowMs,
  }
}

/** Told to everybody else when a channel has died. */
export function deadMessage(channel: string, error: string, orgId: string, nowMs: number): Message {
  return {
    notice: 'channel_dead',
    incident_id: null,
    severity: 'critical',
    title: `Alerts do not reach “${channel}” any more`,
    lines: ['A notification was given up after its last try.', error],
    facts: { Channel: channel },
    path: `/${orgId}/alerts/channels?state=dead`,
    runbook_url: null,
    at_ms: nowMs,
  }
}

function titleOf(notice: Message['notice'], severity: string, rule: string): string {
  if (notice === 'resolved') return `Resolved: ${rule}`
  if (notice === 'escalated') return `Escalated (${severity}): ${rule}`
  if (notice === 'no_data') return `No data: ${rule}`
  return `${severity === 'critical' ? 'Critical' : 'Warning'}: ${rule}`
}
