import * as z from 'zod'
import type { Tenant } from './tenant.ts'

/** Run-time controls: what agents may do while they run, whatever it costs. */

/** What controls can be scoped to; the organization, or a part of it. */
export const CONTROL_SCOPES = ['org', 'workspace', 'project', 'agent', 'workflow'] as const
export type ControlScope = (typeof CONTROL_SCOPES)[number]

/** What of a control is checked; names the policy in events, `control:<id>:<kind>`. */
export const CONTROL_KINDS = ['retry_cap', 'tool_allowlist', 'context_limit', 'loop', 'circuit_breaker'] as const
export type ControlKind = (typeof CONTROL_KINDS)[number]

export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const
export type BreakerState = (typeof BREAKER_STATES)[number]

const NAME_CHARS_MAX = 80
const ID_CHARS_MAX = 200
const TOOLS_MAX = 200
const RETRIES_MAX = 1000
const TOKENS_MAX = 1_000_000_000
const REQUESTS_MAX = 100_000
const PROBES_MAX = 100
const STEPS_MAX = 1_000_000
/** Breakers look back no further than this. */
export const WINDOW_SECONDS_MAX = 3600
const WINDOW_SECONDS_MIN = 10

const whole = (min: number, max: number) => z.number().int().min(min).max(max)

export const BreakerRule = z.object({
  min_requests: whole(1, REQUESTS_MAX).meta({ description: 'It does not open on fewer calls than this' }),
  error_rate: z
    .number()
    .gt(0)
    .max(1)
    .meta({ description: 'It opens when this share of the calls of the window failed at the provider' }),
  window_s: whole(WINDOW_SECONDS_MIN, WINDOW_SECONDS_MAX),
  open_s: whole(1, WINDOW_SECONDS_MAX).meta({ description: 'How long it stays open before it lets probes in' }),
  half_open_max: whole(1, PROBES_MAX).meta({
    description: 'How many probes it lets in; it closes when as many have succeeded',
  }),
})
export type BreakerRule = z.infer<typeof BreakerRule>

export const LoopRule = z
  .object({
    repeats_max: whole(1, RETRIES_MAX)
      .nullable()
      .default(null)
      .meta({ description: 'How often one trace may call a tool with the same arguments' }),
    depth_max: whole(0, RETRIES_MAX).nullable().default(null),
    steps_max: whole(1, STEPS_MAX).nullable().default(null),
  })
  .refine(({ repeats_max, depth_max, steps_max }) => repeats_max !== null || depth_max !== null || steps_max !== null, {
    message: 'needs at least one of repeats_max, depth_max, steps_max',
  })
export type LoopRule = z.infer<typeof LoopRule>

const settings = {
  retries_max: whole(0, RETRIES_MAX).nullable().meta({ description: 'Retries beside the first try' }),
  breaker: BreakerRule.nullable().meta({ description: 'A circuit breaker for each provider and model' }),
  tools_allowed: z
    .array(z.string().min(1).max(ID_CHARS_MAX))
    .max(TOOLS_MAX)
    .transform((names) => [...new Set(names)].sort())
    .nullable()
    .meta({ description: 'Where several controls apply, a tool must be in the list of each' }),
  context_tokens_max: whole(1, TOKENS_MAX).nullable(),
  loop: LoopRule.nullable(),
}
const name = z.string().trim().min(1).max(NAME_CHARS_MAX)
const record = z
  .enum(['all', 'refusals'])
  .meta({ description: 'Which decisions become events; changes of a breaker always do' })

const ControlScopeInput = z
  .object({
    type: z.enum(CONTROL_SCOPES),
    id: z
      .string()
      .max(ID_CHARS_MAX)
      .optional()
      .meta({ description: 'Of the workspace, project, agent or workflow; left out for the organization' }),
  })
  .refine(({ type, id }) => (type === 'org') === (id === undefined || id === ''), {
    message: 'is needed for every scope but the organization',
    path: ['id'],
  })

export interface ControlSettings {
  retries_max: number | null
  breaker: BreakerRule | null
  tools_allowed: string[] | null
  context_tokens_max: number | null
  loop: LoopRule | null
}

export const NOTHING_SET =
  'A control needs at least one of retries_max, breaker, tools_allowed, context_tokens_max, loop.'

/** Whether it controls anything at all. */
export function isSet({ retries_max, breaker, tools_allowed, context_tokens_max, loop }: ControlSettings): boolean {
  return [retries_max, breaker, tools_allowed, context_tokens_max, loop].some((setting) => setting !== null)
}

export const ControlCreate = z
  .object({
    name,
    scope: ControlScopeInput,
    retries_max: settings.retries_max.default(null),
    breaker: settings.breaker.default(null),
    tools_allowed: settings.tools_allowed.default(null),
    context_tokens_max: settings.context_tokens_max.default(null),
    loop: settings.loop.default(null),
    record: record.default('all'),
  })
  .refine(isSet, { message: NOTHING_SET })
export type ControlCreate = z.infer<typeof ControlCreate>

/** What is left out stays, null takes a setting away. The scope stays: another scope is another control. */
export const ControlUpdate = z.object({
  name: name.optional(),
  retries_max: settings.retries_max.optional(),
  breaker: settings.breaker.optional(),
  tools_allowed: settings.tools_allowed.optional(),
  context_tokens_max: settings.context_tokens_max.optional(),
  loop: settings.loop.optional(),
  record: record.optional(),
})
export type ControlUpdate = z.infer<typeof ControlUpdate>

export const Control = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.object({ type: z.enum(CONTROL_SCOPES), id: z.string().nullable() }),
  retries_max: z.number().int().nullable(),
  breaker: BreakerRule.nullable(),
  tools_allowed: z.array(z.string()).nullable(),
  context_tokens_max: z.number().int().nullable(),
  loop: z
    .object({
      repeats_max: z.number().int().nullable(),
      depth_max: z.number().int().nullable(),
      steps_max: z.number().int().nullable(),
    })
    .nullable(),
  record,
  created_at: z.string(),
})
export type Control = z.infer<typeof Control>

/** One circuit breaker: a control's, for one provider and model. */
export const BreakerView = z.object({
  id: z.string(),
  control_id: z.string(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  state: z.enum(BREAKER_STATES),
  since: z.string().nullable().meta({ description: 'Null: it has never been anything but closed' }),
  until: z.string().nullable().meta({ description: 'Of an open one: when it lets probes in' }),
  opened_by_error_rate: z.number().nullable().meta({ description: 'The error rate that opened it last' }),
  opened_by_requests: z.number().int().nullable().meta({ description: 'Over how many calls' }),
  requests: z.number().int().meta({ description: 'Calls in its present window' }),
  errors: z.number().int(),
  probes: z.number().int().meta({ description: 'Let in and not answered' }),
})
export type BreakerView = z.infer<typeof BreakerView>

/** What holds for one piece of work, so that a client can obey without asking each time. */
export const WorkControls = z.object({
  retries_max: z.number().int().nullable(),
  tools_allowed: z.array(z.string()).nullable(),
  context_tokens_max: z.number().int().nullable(),
  loop: z
    .object({
      repeats_max: z.number().int().nullable(),
      repeats_left: z.number().int().nullable().meta({ description: 'Of this tool and these arguments' }),
      depth_max: z.number().int().nullable(),
      steps_max: z.number().int().nullable(),
      steps_left: z.number().int().nullable(),
    })
    .nullable(),
  breaker: z
    .object({
      state: z.enum(BREAKER_STATES),
      opened_by_error_rate: z.number().nullable(),
      retry_at: z.string().nullable(),
    })
    .nullable(),
})
export type WorkControls = z.infer<typeof WorkControls>

/** Calls of models that one commit holds, as circuit breakers learn of them. */
export interface CallOutcome {
  /** Start of a UTC second. */
  at_ms: number
  workspace_id: string
  project_id: string
  agent_id: string
  workflow_id: string
  provider: string
  model: string
  /** Empty where the calls name none; then there may be several. */
  reservation_id: string
  requests: number
  /** Of these, failures of the provider. */
  errors: number
}

/** Of TenantBudget, what the api calls. */
export interface ControlsRpc {
  controls(): Promise<Control[]>
  createControl(tenant: Tenant, id: string, input: ControlCreate): Promise<Control>
  /** Null for one that does not exist. */
  updateControl(id: string, change: ControlUpdate): Promise<Control | null>
  removeControl(id: string): Promise<boolean>
  breakers(): Promise<BreakerView[]>
  /** Closes one by hand. Null for one that does not exist. */
  resetBreaker(tenant: Tenant, id: string): Promise<BreakerView | null>
}
