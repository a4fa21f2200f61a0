import * as z from 'zod'
import { Usd } from './budget.ts'
import { WorkControls } from './control.ts'
import { STATUSES } from './event.ts'
import type { ProjectTenant } from './tenant.ts'

/** The guard: agents ask before they spend, and say afterwards what it was. */

export const TTL_SECONDS_DEFAULT = 300
const TTL_SECONDS_MAX = 86_400
const ID_CHARS_MAX = 200
const BATCH_MAX = 100
const COUNT_MAX = 1_000_000_000
const ATTEMPT_MAX = 10_000

const name = z.string().min(1).max(ID_CHARS_MAX)
const count = z.number().int().min(0).max(COUNT_MAX)

export const Work = z.object({
  estimate_usd: Usd.meta({ description: 'The most that it may cost' }),
  agent_id: name.nullish(),
  workflow_id: name.nullish(),
  provider: name.nullish(),
  model: name.nullish(),
  user_id: name.nullish(),
  trace_id: name.nullish().meta({ description: 'Where its cost shows, when no event brings it' }),
  idempotency_key: name.nullish().meta({ description: 'The same key is the same reservation' }),
  ttl_s: z
    .number()
    .int()
    .min(1)
    .max(TTL_SECONDS_MAX)
    .nullish()
    .meta({ description: `Seconds until it lets go by itself; ${TTL_SECONDS_DEFAULT} when left out` }),
  partial: z
    .boolean()
    .nullish()
    .meta({ description: 'True: several calls are paid from it, and an event does not end it' }),
  attempt: z
    .number()
    .int()
    .min(0)
    .max(ATTEMPT_MAX)
    .nullish()
    .meta({ description: 'Retries so far: 0 for the first try, then as `attempt` of agent.retry' }),
  tool_name: name.nullish(),
  tool_args_hash: name
    .nullish()
    .meta({ description: 'Any text that is the same for the same arguments, such as a hash of them' }),
  tokens_context: count.nullish().meta({ description: 'Tokens that the call will send' }),
  depth: count.nullish().meta({ description: 'How deep in agents that call agents; 0 at the top' }),
  step: count.nullish().meta({ description: 'Number of this step in its trace; the guard counts them too' }),
})
export type Work = z.infer<typeof Work>

/** Parallel steps: all of them, or none. */
export const ReserveBatch = z.object({
  reservations: z
    .array(Work)
    .min(1)
    .max(BATCH_MAX)
    .refine(
      (works) => {
        const keys = works.flatMap(({ idempotency_key }) => idempotency_key ?? [])
        return new Set(keys).size === keys.length
      },
      { message: 'each needs an idempotency_key of its own' },
    ),
})

const BudgetSeen = z.object({
  id: z.string(),
  name: z.string(),
  hard: z.boolean(),
  limit_usd: z.string(),
  spent_usd: z.string(),
  reserved_usd: z.string(),
  left_usd: z.string(),
  resets_at: z.string(),
})
export type BudgetSeen = z.infer<typeof BudgetSeen>

const Holder = z.object({
  reservation_id: z.string(),
  held_usd: z.string(),
  agent_id: z.string().nullable(),
  workflow_id: z.string().nullable(),
  expires_at: z.string(),
})

export const ReserveAnswer = z.object({
  decision: z.enum(['allow', 'deny', 'escalate']),
  reservation_id: z.string().nullable().meta({ description: 'Null unless it is allowed and was counted' }),
  expires_at: z.string().nullable(),
  reason: z
    .enum([
      'budget_exceeded',
      'unpriced_model',
      'retry_cap',
      'tool_not_allowed',
      'context_limit',
      'loop_detected',
      'circuit_open',
      'unreachable_open',
      'unreachable_closed',
    ])
    .nullable()
    .meta({ description: 'Why not; or that nobody could be asked' }),
  detail: z.string().nullable(),
  refused_by: z.array(z.string()).meta({ description: 'Ids of the budgets without room' }),
  downgrade_to: z.string().nullable().meta({ description: 'A model to try instead, with its own estimate' }),
  approval_id: z.string().nullable().meta({ description: 'With `escalate`: what a person is asked to approve' }),
  budgets: z.array(BudgetSeen),
  holders: z.array(Holder).meta({ description: 'Of a refusal: the reservations that hold what is missing' }),
  error_type: z.string().nullable().meta({ description: 'Of a refusal, its name in the failure taxonomy' }),
  control_id: z.string().nullable().meta({ description: 'The run-time control that refuses' }),
  retry_at: z.string().nullable().meta({ description: 'With `circuit_open`: when to try again, where that is known' }),
  refused_work: z.number().int().nullable().meta({ description: 'Of a batch: which of it a control refuses, from 0' }),
  controls: WorkControls.nullable().meta({
    description: 'Of what is allowed: the run-time controls that hold for it; null where none does',
  }),
})
export type ReserveAnswer = z.infer<typeof ReserveAnswer>

export const ReserveBatchAnswer = ReserveAnswer.omit({
  reservation_id: true,
  expires_at: true,
  controls: true,
}).extend({
  reservations: z.array(
    z.object({ reservation_id: z.string(), expires_at: z.string(), controls: WorkControls.nullable() }),
  ),
})
export type ReserveBatchAnswer = z.infer<typeof ReserveBatchAnswer>

export const SettleRequest = z.object({
  reservation_id: name,
  cost_usd: Usd,
  final: z.boolean().nullish().meta({ description: 'False: more will follow. True when left out' }),
  idempotency_key: name.nullish().meta({ description: 'Of a part: the same key is the same part' }),
  status: z
    .enum(STATUSES)
    .nullish()
    .meta({ description: 'How the call of the model ended: circuit breakers learn of it at once' }),
  error_type: name.nullish().meta({ description: 'Of an error; mapped to the failure taxonomy' }),
})
export type SettleRequest = z.infer<typeof SettleRequest>

export const SettleAnswer = z.object({
  reservation_id: z.string(),
  state: z.enum(['open', 'settled', 'expired', 'released']),
  settled_usd: z.string().meta({ description: 'All that was told of it' }),
  spent_usd: z.string().meta({ description: 'The greater of that and of its events' }),
  held_usd: z.string(),
  over_estimate_usd: z.string().meta({ description: 'By how much it cost more than was reserved' }),
  repeated: z.boolean().meta({ description: 'True: this was told before, and changed nothing' }),
  budgets: z.array(BudgetSeen),
})
export type SettleAnswer = z.infer<typeof SettleAnswer>

/** Of TenantBudget, what the guard calls. */
export interface GuardRpc {
  reserve(tenant: ProjectTenant, works: Work[]): Promise<ReserveBatchAnswer>
  /** Null for a reservation that does not exist in this project. */
  settle(tenant: ProjectTenant, request: SettleRequest): Promise<SettleAnswer | null>
}
