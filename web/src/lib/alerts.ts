import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import {
  AlertSummary,
  Incident,
  IncidentDetail,
  PRESETS,
  Rule,
  RuleCreate,
  Silence,
  SilenceCreate,
  type Group,
  type Instance,
  type Preset,
  type RuleUpdate,
} from '../../../workers/contract/alert.ts'
import { ALERT_PRESETS } from '../../../workers/contract/alert-presets.ts'
import type { Condition } from '../../../workers/contract/alert-condition.ts'
import { orgPath, type Api } from './api.ts'

export { ALERT_PRESETS, PRESETS, RuleCreate, SilenceCreate }
export type { AlertSummary, Condition, Group, Incident, IncidentDetail, Instance, Preset, Rule, Silence }
const Rules = Page(Rule)
const Incidents = Page(Incident)
const Silences = Page(Silence)

export type IncidentState = Incident['state']

/** What the pages ask about alerts. */
export function alertsOf(api: Api, org: string) {
  const rules = (...rest: string[]) => orgPath(org, 'alerts', 'rules', ...rest)
  const incidents = (...rest: string[]) => orgPath(org, 'incidents', ...rest)
  const silences = (...rest: string[]) => orgPath(org, 'silences', ...rest)
  return {
    summary: () => api.get(orgPath(org, 'alerts', 'summary'), AlertSummary),
    rules: async () => (await api.get(rules(), Rules)).data,
    rule: (id: string) => api.get(rules(id), Rule),
    createRule: (input: z.input<typeof RuleCreate>) => api.post(rules(), Rule, input),
    updateRule: (id: string, change: RuleUpdate) => api.patch(rules(id), Rule, change),
    removeRule: (id: string) => api.delete(rules(id), Rule),
    incidents: (filter: { state?: IncidentState; rule_id?: string; cursor?: string; limit?: number }) => {
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value))
      return api.get(`${incidents()}?${query}`, Incidents)
    },
    incident: (id: string) => api.get(incidents(id), IncidentDetail),
    acknowledge: (id: string) => api.post(incidents(id, 'acknowledge'), Incident),
    silences: async () => (await api.get(silences(), Silences)).data,
    createSilence: (input: z.input<typeof SilenceCreate>) => api.post(silences(), Silence, input),
    endSilence: (id: string) => api.post(silences(id, 'end'), Silence),
  }
}
