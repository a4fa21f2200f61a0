import type { RuleCreate } from '../../contract/alert.ts'
import type { SloCreate } from '../../contract/slo.ts'

type Followed = Pick<SloCreate, 'name' | 'alerts' | 'project_id' | 'channels'>

/** What of its alert rule an objective decides; the rest is people's. */
export const FOLLOWED = ['name', 'condition', 'project_id', 'channels'] as const

/** The rule of an objective with alerts. @param before the rule as it is, when there is one. */
export function ruleOf(sloId: string, slo: Followed, before: RuleCreate | null): RuleCreate | null {
  const { name, alerts, project_id, channels } = slo
  if (alerts === null) return null
  return {
    enabled: true,
    // Burn rates are of windows already: waiting longer only tells later.
    for_minutes: 0,
    no_data: 'show',
    notify_per: 'rule',
    escalation: null,
    runbook_url: null,
    ...before,
    preset: 'slo_burn',
    name,
    condition: { type: 'burn_rate', slo_id: sloId, windows: alerts },
    project_id,
    channels,
  }
}
