import * as z from 'zod'
import { Condition } from './alert-condition.ts'
import { Dimension } from './metrics.ts'
import type { Tenant } from './tenant.ts'

/** Alert rules, what became of them, and what keeps them quiet. */

const ID_CHARS_MAX = 100
const NAME_CHARS_MAX = 120
const TEXT_CHARS_MAX = 2000
const CHANNELS_MAX = 20
const DAY_MINUTES = 1440
const WEEK_MINUTES = 7 * DAY_MINUTES

const id = z.string().min(1).max(ID_CHARS_MAX)
const minutes = (most: number) => z.number().int().min(1).max(most)

/** What counts while nothing comes: zero, what was last, a state of its own that is shown, or one that notifies. */
export const NO_DATA_MODES = ['zero', 'keep', 'show', 'notify'] as const

/** What a rule was made from; `custom` is any other metrics query. */
export const PRESETS = [
  'spend_spike',
  'success_rate',
  'error_spike',
  'latency_p99',
  'budget_threshold',
  'policy_burst',
  'token_spike',
  'retry_storm',
  'no_data',
  'slo_burn',
  'custom',
] as const
export type Preset = (typeof PRESETS)[number]

const shape = {
  name: z.string().trim().min(1).max(NAME_CHARS_MAX),
  preset: z.enum(PRESETS),
  enabled: z.boolean(),
  condition: Condition,
  project_id: id.nullable().meta({ description: 'Only what happens in this project; null for all' }),
  for_minutes: z.number().int().min(0).max(DAY_MINUTES).meta({ description: 'How long it must hold before it fires' }),
  no_data: z.enum(NO_DATA_MODES),
  notify_per: z
    .enum(['rule', 'group'])
    .meta({ description: 'One incident for all groups that fire together, or one for each' }),
  channels: z.array(id).max(CHANNELS_MAX).meta({ description: 'Who is told' }),
  escalation: z
    .object({ after_minutes: minutes(WEEK_MINUTES), channels: z.array(id).min(1).max(CHANNELS_MAX) })
    .nullable()
    .meta({ description: 'Who is told when nobody has acknowledged for so long' }),
  runbook_url: z
    .url({ protocol: /^https?$/ })
    .max(TEXT_CHARS_MAX)
    .nullable()
    .meta({ description: 'What to do; linked from incidents' }),
}

export const RuleCreate = z.object({
  ...shape,
  preset: shape.preset.default('custom'),
  enabled: shape.enabled.default(true),
  project_id: shape.project_id.default(null),
  for_minutes: shape.for_minutes.default(0),
  no_data: shape.no_data.default('show'),
  notify_per: shape.notify_per.default('rule'),
  channels: shape.channels.default([]),
  escalation: shape.escalation.default(null),
  runbook_url: shape.runbook_url.default(null),
})
export type RuleCreate = z.infer<typeof RuleCreate>

export const RuleUpdate = z.object(shape).omit({ preset: true }).partial()
export type RuleUpdate = z.infer<typeof RuleUpdate>

export const SEVERITIES = ['warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const INSTANCE_STATES = ['inactive', 'pending', 'firing', 'no_data'] as const
export type InstanceState = (typeof INSTANCE_STATES)[number]

/** The values of a rule's dimensions, or `budget_id`; empty where a rule is not grouped. */
export const Group = z.record(z.string(), z.string())
export type Group = z.infer<typeof Group>

export const Usual = z.object({
  median: z.number(),
  deviation: z.number().meta({ description: 'Robust standard deviation: 1.4826 times the median absolute deviation' }),
  samples: z.number().int(),
})
export type Usual = z.infer<typeof Usual>

/** One group of a rule, as it is now. */
export const Instance = z.object({
  group: Group,
  state: z.enum(INSTANCE_STATES),
  severity: z.enum(SEVERITIES).nullable(),
  since: z.string().meta({ description: 'When it came into this state' }),
  value: z.number().nullable(),
  usual: Usual.nullable(),
  detail: z.string().meta({ description: 'In words, with numbers; also why nothing can be said' }),
})
export type Instance = z.infer<typeof Instance>

export const Rule = z.object({
  ...shape,
  id: z.string(),
  state: z.enum([...INSTANCE_STATES, 'disabled']).meta({ description: 'The most urgent of its groups' }),
  severity: z.enum(SEVERITIES).nullable(),
  instances: z.array(Instance).meta({ description: 'The most urgent first, 50 at most' }),
  evaluated_at: z.string().nullable(),
  evaluation_error: z.string().nullable().meta({ description: 'Why the last evaluation failed' }),
  created_at: z.string(),
  updated_at: z.string(),
})
export type Rule = z.infer<typeof Rule>

export const INCIDENT_EVENTS = [
  'opened',
  'severity_raised',
  'group_added',
  'notified',
  'acknowledged',
  'escalated',
  'silenced',
  'unsilenced',
  'resolved',
  'reopened',
] as const

export const IncidentEvent = z.object({
  at: z.string(),
  event: z.enum(INCIDENT_EVENTS),
  by: z.string().nullable().meta({ description: 'A member’s id; null for the system' }),
  detail: z.string(),
})
export type IncidentEvent = z.infer<typeof IncidentEvent>

export const Incident = z.object({
  id: z.string(),
  rule_id: z.string(),
  rule_name: z.string(),
  preset: z.enum(PRESETS),
  project_id: z.string().nullable(),
  state: z.enum(['firing', 'resolved']),
  severity: z.enum(SEVERITIES).meta({ description: 'The highest that it had' }),
  groups: z.array(z.object({ group: Group, value: z.number().nullable(), detail: z.string() })),
  summary: z.string(),
  silenced: z.boolean(),
  opened_at: z.string(),
  began_at: z.string().meta({ description: 'When the condition began to hold' }),
  resolved_at: z.string().nullable(),
  acknowledged_at: z.string().nullable(),
  acknowledged_by: z.string().nullable(),
  escalated_at: z.string().nullable(),
  runbook_url: z.string().nullable(),
})
export type Incident = z.infer<typeof Incident>

/** What an incident did, and what came before it; made from metrics and traces when it is read. */
export const IncidentDetail = Incident.extend({
  timeline: z.array(IncidentEvent),
  /** The rule's condition when the incident was opened. */
  condition: Condition,
  impact: z.object({
    from: z.string(),
    to: z.string(),
    requests: z.number(),
    failed_requests: z.number(),
    users: z.number().nullable().meta({ description: 'Null where the groups cannot be told apart by user' }),
    cost_usd: z.string(),
  }),
  where: z
    .array(
      z.object({
        dimension: Dimension,
        value: z.string(),
        errors: z.number(),
        share: z.number().meta({ description: 'Of all errors, 0 to 1' }),
        usual_share: z.number().nullable(),
      }),
    )
    .meta({ description: 'What the failures have in common, the most telling first' }),
  changes: z
    .array(
      z.object({
        dimension: z.enum(['workflow_version', 'prompt_version', 'model', 'provider']),
        value: z.string(),
        workflow_id: z.string().nullable(),
        first_seen: z.string(),
        before_minutes: z.number(),
      }),
    )
    .meta({ description: 'Versions and models that were new before it began, the closest first' }),
  traces: z.array(
    z.object({
      project_id: z.string(),
      trace_id: z.string(),
      at: z.string(),
      error_type: z.string().nullable(),
      cost_usd: z.string(),
    }),
  ),
})
export type IncidentDetail = z.infer<typeof IncidentDetail>

export const SilenceCreate = z
  .object({
    kind: z.enum(['silence', 'maintenance']).default('silence'),
    rule_id: id.nullable().default(null).meta({ description: 'Null for every rule' }),
    match: Group.default({}).meta({ description: 'Groups that have these values; empty for all' }),
    starts_at: z.iso.datetime({ offset: true }).optional().meta({ description: 'Now, when left out' }),
    ends_at: z.iso.datetime({ offset: true }),
    repeat: z
      .enum(['none', 'daily', 'weekly'])
      .default('none')
      .meta({ description: 'At the same local time of the organization’s zone' }),
    reason: z.string().trim().min(1).max(TEXT_CHARS_MAX),
  })
  .refine((s) => s.kind === 'maintenance' || s.repeat === 'none', {
    message: 'only maintenance windows repeat',
    path: ['repeat'],
  })
export type SilenceCreate = z.infer<typeof SilenceCreate>

export const Silence = z.object({
  id: z.string(),
  kind: z.enum(['silence', 'maintenance']),
  rule_id: z.string().nullable(),
  match: Group,
  starts_at: z.string(),
  ends_at: z.string(),
  repeat: z.enum(['none', 'daily', 'weekly']),
  time_zone: z.string(),
  reason: z.string(),
  created_by: z.string(),
  active: z.boolean(),
  created_at: z.string(),
})
export type Silence = z.infer<typeof Silence>

/** Counts for the overview and the shell. */
export const AlertSummary = z.object({
  firing_critical: z.number().int(),
  firing_warning: z.number().int(),
  acknowledged: z.number().int(),
  no_data: z.number().int(),
  rules: z.number().int(),
  opened_24h: z.number().int(),
  dead_channels: z.number().int().meta({ description: 'Channels that alerts do not reach any more' }),
})
export type AlertSummary = z.infer<typeof AlertSummary>

/** A page of incidents, newest first. */
export interface IncidentPage {
  data: Incident[]
  next_cursor: string | null
}

export interface IncidentFilter {
  state: 'firing' | 'resolved' | null
  rule_id: string | null
  /** Of these projects only; null for all incidents. */
  projects: string[] | null
  cursor: string | null
  limit: number
}

export const RULES_MAX = 200
export const SILENCES_MAX = 200

/** Of OrgAlerts, what the api calls. A write that makes something names the tenant, so that the object knows where it is. */
export interface AlertsRpc {
  /** Of rules and incidents of these projects only; null for all. */
  summary(projects: string[] | null): Promise<AlertSummary>
  /** What rules may name besides projects and budgets. */
  targets(): Promise<{ channels: string[]; slos: string[] }>
  rules(): Promise<Rule[]>
  /** Null for one that does not exist. */
  rule(id: string): Promise<Rule | null>
  /** Null when there are RULES_MAX already. */
  createRule(tenant: Tenant, id: string, zone: string, input: RuleCreate): Promise<Rule | null>
  updateRule(id: string, zone: string, change: RuleUpdate): Promise<Rule | null>
  /** Its incidents stay, resolved. */
  removeRule(id: string): Promise<boolean>
  incidents(filter: IncidentFilter): Promise<IncidentPage>
  incident(id: string): Promise<{ incident: Incident; timeline: IncidentEvent[]; condition: Condition } | null>
  /** Null for one that does not exist; unchanged where somebody was first. */
  acknowledge(id: string, by: string): Promise<Incident | null>
  silences(): Promise<Silence[]>
  /** Null when there are SILENCES_MAX already. */
  createSilence(tenant: Tenant, id: string, zone: string, input: SilenceCreate, by: string): Promise<Silence | null>
  /** Ends it now. */
  endSilence(id: string): Promise<Silence | null>
}

/** What a write meets while the organization moves to another cell. */
export const ALERTS_MOVE = 'the alerts of this organization move to another region'
