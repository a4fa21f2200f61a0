import type { Preset, RuleCreate } from './alert.ts'
import type { Condition } from './alert-condition.ts'

/** A rule that people begin with: complete, and theirs to change. */
export interface AlertPreset {
  name: string
  /** What it is for, in a sentence. */
  about: string
  rule: RuleCreate
}

const watch = (
  kind: 'request' | 'llm' | 'tool' | 'retry' | 'policy',
  measure: Watch['measure'],
  ...group_by: Watch['group_by']
): Watch => ({
  kind,
  measure,
  group_by,
  filters: [],
})
type Watch = Extract<Condition, { type: 'threshold' }>['watch']

function preset(
  name: string,
  about: string,
  condition: Condition,
  more: Partial<RuleCreate> = {},
): Omit<AlertPreset, 'rule'> & { rule: Omit<RuleCreate, 'preset'> } {
  return {
    name,
    about,
    rule: {
      name,
      enabled: true,
      condition,
      project_id: null,
      for_minutes: 0,
      no_data: 'show',
      notify_per: 'rule',
      channels: [],
      escalation: null,
      runbook_url: null,
      ...more,
    },
  }
}

const spike = { type: 'spike', direction: 'above', window_minutes: 60, deviations: 4 } as const

const ALL: Record<Preset, ReturnType<typeof preset>> = {
  spend_spike: preset(
    'Spend spike',
    'An hour costs much more than that hour of the week usually does.',
    { ...spike, watch: watch('request', 'cost_usd'), warning: 50, critical: 150, min_value: 1 },
    { for_minutes: 5, no_data: 'zero' },
  ),
  success_rate: preset(
    'Success rate',
    'Fewer requests succeed than should, for minutes on end.',
    {
      type: 'threshold',
      watch: watch('request', 'success_rate'),
      window_minutes: 15,
      direction: 'below',
      warning: 0.95,
      critical: 0.9,
      min_count: 5,
    },
    { for_minutes: 5 },
  ),
  error_spike: preset(
    'Errors of one type',
    'One type of error (timeouts, quota, auth …) comes much more often than usual.',
    {
      ...spike,
      watch: watch('request', 'errors', 'error_type'),
      window_minutes: 30,
      warning: 100,
      critical: 400,
      min_value: 15,
    },
    { for_minutes: 2, no_data: 'zero', notify_per: 'group' },
  ),
  latency_p99: preset(
    'Latency by provider and model',
    'The slowest hundredth of the calls of a model takes longer than it may.',
    {
      type: 'threshold',
      watch: watch('llm', 'latency_p99_ms', 'provider', 'model'),
      window_minutes: 15,
      direction: 'above',
      warning: 20_000,
      critical: 45_000,
      min_count: 20,
    },
    { for_minutes: 5, notify_per: 'group' },
  ),
  budget_threshold: preset(
    'Budget threshold',
    'A budget has spent a share of its limit.',
    {
      type: 'budget',
      budget_id: null,
      warning: 80,
      critical: 100,
    },
    { notify_per: 'group' },
  ),
  policy_burst: preset(
    'Blocked actions',
    'Policies block a workflow much more often than usual.',
    {
      ...spike,
      watch: {
        ...watch('policy', 'count', 'workflow_id'),
        filters: [{ dimension: 'status', op: 'eq', values: ['block'] }],
      },
      window_minutes: 30,
      warning: 100,
      critical: 400,
      min_value: 10,
    },
    { no_data: 'zero', notify_per: 'group' },
  ),
  token_spike: preset(
    'Token spike',
    'Many more tokens are used than at that hour of the week usually.',
    { ...spike, watch: watch('llm', 'tokens_total', 'workflow_id'), warning: 100, critical: 300, min_value: 50_000 },
    { for_minutes: 5, no_data: 'zero', notify_per: 'group' },
  ),
  retry_storm: preset(
    'Retry storm',
    'A workflow tries again and again, more than usual.',
    {
      ...spike,
      watch: watch('retry', 'count', 'workflow_id'),
      window_minutes: 15,
      warning: 200,
      critical: 500,
      min_value: 20,
    },
    { no_data: 'zero', notify_per: 'group' },
  ),
  no_data: preset('Nothing comes', 'Nothing has come for a while, though something usually does.', {
    type: 'no_data',
    watch: watch('request', 'count'),
    window_minutes: 30,
  }),
  slo_burn: preset('Objective at risk', 'The error budget of an objective burns too fast.', {
    type: 'burn_rate',
    slo_id: '',
    windows: 'both',
  }),
  custom: preset(
    'Anything else',
    'Any measure of the metrics against a fixed limit, or against what is usual.',
    {
      type: 'threshold',
      watch: watch('request', 'count'),
      window_minutes: 10,
      direction: 'above',
      warning: null,
      critical: null,
      min_count: 0,
    },
    { name: '' },
  ),
}

/** What the dashboard offers, by name. */
export const ALERT_PRESETS = Object.fromEntries(
  Object.entries(ALL).map(([name, { rule, ...rest }]) => [name, { ...rest, rule: { ...rule, preset: name } }]),
) as Record<Preset, AlertPreset>
