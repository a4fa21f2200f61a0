import type { AlertSummary } from '../../../contract/alert.ts'
import type { ChannelRows } from './channel-rows.ts'
import type { IncidentRows } from './incident-rows.ts'
import type { RuleRows } from './rule-rows.ts'
import type { StateRows } from './state-rows.ts'

const DAY_MS = 86_400_000

/** Counts over rules and incidents of these projects; null for all. */
export function summaryOf(
  {
    rules,
    states,
    incidents,
    channels,
  }: { rules: RuleRows; states: StateRows; incidents: IncidentRows; channels: ChannelRows },
  projects: readonly string[] | null,
  nowMs: number,
): AlertSummary {
  const isSeen = (id: string | null) => projects === null || (id !== null && projects.includes(id))
  const firing = incidents.firing().filter(({ project_id }) => isSeen(project_id))
  const seen = rules.all().filter(({ config }) => isSeen(config.project_id))
  const found = states.all()
  const isWithoutData = (id: string) => found.get(id)?.instances.some(({ state }) => state === 'no_data') === true
  return {
    firing_critical: firing.filter(({ severity }) => severity === 'critical').length,
    firing_warning: firing.filter(({ severity }) => severity === 'warning').length,
    acknowledged: firing.filter(({ acknowledged_ms }) => acknowledged_ms !== null).length,
    no_data: seen.filter(({ id, config }) => config.enabled && isWithoutData(id)).length,
    rules: seen.length,
    opened_24h: incidents.openedSince(nowMs - DAY_MS, projects),
    dead_channels: channels.all().filter(({ health }) => health === 'dead').length,
  }
}
