import * as z from 'zod'
import { BudgetForecast, BudgetVariance, NoForecast, ThresholdReached, type ForecastPath } from './budget-forecast.ts'
import type { CallOutcome } from './control.ts'
import type { Tenant } from './tenant.ts'

/** What budgets can be scoped to. */
export const BUDGET_SCOPES = ['org', 'workspace', 'project', 'agent', 'workflow', 'model', 'provider', 'user'] as const
export type BudgetScope = (typeof BUDGET_SCOPES)[number]

export const BUDGET_PERIODS = ['day', 'week', 'month'] as const
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number]

/** What the guard does where a hard budget has no room. */
export const ON_LIMIT = ['block', 'downgrade', 'approve'] as const
export type OnLimit = (typeof ON_LIMIT)[number]

const THRESHOLDS_MAX = 10
const SCOPE_ID_CHARS_MAX = 200
const NAME_CHARS_MAX = 80
const PERCENT_MAX = 1000

/** US dollars as decimal text with nine decimals at most. */
export const Usd = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,6}(\.\d{1,9})?$/, 'must be US dollars, like "10.00": at most 999999.999999999'))
  .meta({ description: 'US dollars, at most nine decimals' })

const PositiveUsd = Usd.refine((usd) => /[1-9]/.test(usd), 'must be more than 0')

const BudgetScopeInput = z
  .object({
    type: z.enum(BUDGET_SCOPES),
    id: z
      .string()
      .max(SCOPE_ID_CHARS_MAX)
      .optional()
      .meta({ description: 'Of the workspace, project, agent …; left out for the organization' }),
  })
  .refine(({ type, id }) => (type === 'org') === (id === undefined || id === ''), {
    message: 'is needed for every scope but the organization',
    path: ['id'],
  })

const shape = {
  name: z.string().trim().min(1).max(NAME_CHARS_MAX),
  scope: BudgetScopeInput,
  period: z.enum(BUDGET_PERIODS).meta({ description: 'A day, ISO week or month of the organization’s time zone' }),
  limit_usd: PositiveUsd,
  hard: z.boolean().meta({ description: 'True: the guard refuses what does not fit. False: it only tells' }),
  thresholds: z
    .array(z.number().int().min(1).max(PERCENT_MAX))
    .max(THRESHOLDS_MAX)
    .transform((all) => [...new Set(all)].sort((a, b) => a - b))
    .meta({ description: 'Percent of the limit at which an event is sent, once a period' }),
  on_limit: z.enum(ON_LIMIT),
  downgrade_to: z.string().min(1).max(SCOPE_ID_CHARS_MAX).nullable(),
  on_unreachable: z
    .enum(['open', 'closed'])
    .meta({ description: 'What the guard answers when the budget cannot be asked' }),
  unpriced: z
    .enum(['allow', 'refuse'])
    .meta({ description: 'Models without a price: let in at the estimate, or refused' }),
  planned_usd: z
    .record(z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month like "2026-11"'), Usd)
    .meta({ description: 'Planned amounts by month, for variance' }),
}

export const DEFAULT_THRESHOLDS = [50, 80, 100]

const downgrade = {
  check: (b: { on_limit?: OnLimit | undefined; downgrade_to?: string | null | undefined }) =>
    (b.on_limit === 'downgrade') === (b.downgrade_to != null),
  words: { message: 'names a model when, and only when, on_limit is "downgrade"', path: ['downgrade_to'] },
}

export const BudgetCreate = z
  .object({
    ...shape,
    hard: shape.hard.default(false),
    thresholds: shape.thresholds.default(DEFAULT_THRESHOLDS),
    on_limit: shape.on_limit.default('block'),
    downgrade_to: shape.downgrade_to.default(null),
    on_unreachable: shape.on_unreachable.default('open'),
    unpriced: shape.unpriced.default('allow'),
    planned_usd: shape.planned_usd.default({}),
  })
  .refine(downgrade.check, downgrade.words)
export type BudgetCreate = z.infer<typeof BudgetCreate>

/** Scope and period stay: another scope is another budget. */
export const BudgetUpdate = z.object({
  name: shape.name.optional(),
  limit_usd: shape.limit_usd.optional(),
  hard: shape.hard.optional(),
  thresholds: shape.thresholds.optional(),
  on_limit: shape.on_limit.optional(),
  downgrade_to: shape.downgrade_to.optional(),
  on_unreachable: shape.on_unreachable.optional(),
  unpriced: shape.unpriced.optional(),
  planned_usd: shape.planned_usd.optional(),
})
export type BudgetUpdate = z.infer<typeof BudgetUpdate>

export const Budget = z.object({
  ...shape,
  id: z.string(),
  scope: z.object({ type: z.enum(BUDGET_SCOPES), id: z.string().nullable() }),
  limit_usd: z.string(),
  thresholds: z.array(z.number().int()),
  planned_usd: z.record(z.string(), z.string()),
  time_zone: z.string(),
  extension: z
    .object({ amount_usd: z.string(), until: z.string() })
    .nullable()
    .meta({ description: 'What is added to the limit for now' }),
  spent_usd: z.string(),
  reserved_usd: z.string(),
  left_usd: z.string().meta({ description: 'Never below 0' }),
  period_start: z.string(),
  resets_at: z.string(),
  forecast: BudgetForecast.nullable(),
  forecast_reason: NoForecast,
  created_at: z.string(),
})
export type Budget = z.infer<typeof Budget>

export const BudgetDetail = Budget.extend({
  thresholds_reached: z.array(ThresholdReached).meta({ description: 'In the present period' }),
  variance: z
    .array(BudgetVariance)
    .meta({ description: 'The present month, the one before, and planned ones of the year before; newest first' }),
})
export type BudgetDetail = z.infer<typeof BudgetDetail>

/** Spend that one commit added to an org, grouped; made from the ledger rows that were new. */
export interface SpendDelta {
  /** Start of the UTC quarter hour: fine enough for every IANA zone's days. */
  quarter_ms: number
  workspace_id: string
  project_id: string
  agent_id: string
  workflow_id: string
  provider: string
  model: string
  user_id: string
  /** Negative where the guard takes an entry back. */
  cost_nanousd: number
  tokens: number
  entries: number
}

/** What a commit's new ledger rows cost of one reservation. */
export interface GuardSpend {
  reservation_id: string
  cost_nanousd: number
  /** True for the guard's own entries, false for events of agents. */
  booking: boolean
}

export interface SpendCounter {
  scope: BudgetScope
  id: string
  /** Decimal integers, as strings: sums may pass 2^53. */
  cost_nanousd: string
  tokens: string
  entries: number
}

/** Whole UTC quarter hours or hours of [from_ms, to_ms). */
export interface SpendRange {
  from_ms: number
  to_ms: number
  unit: 'quarter' | 'hour'
}

/** Spend of one UTC quarter hour or hour; a decimal integer, as text. */
export interface SpendSum {
  at_ms: number
  cost_nanousd: string
}

/** The RPC of the TenantBudget Durable Object (one per org). */
export interface TenantBudgetRpc {
  /** Adds a commit's spend; the second call with one commit_id changes nothing. */
  apply(
    commitId: string,
    deltas: SpendDelta[],
    more?: { tenant?: Tenant; guard?: GuardSpend[]; calls?: CallOutcome[] },
  ): Promise<{ applied: boolean }>
  /** Which of these commits have not been applied. */
  missing(commitIds: string[]): Promise<string[]>
  /** Exact counters of every scope over [from_ms, to_ms), quarter-hour aligned. */
  snapshot(range: { from_ms: number; to_ms: number }): Promise<SpendCounter[]>
  /** What it knows of the organization's prices is read anew when it is needed next. */
  forgetPrices(tenant: Tenant): Promise<void>
  /** Compares with the ledger's total and records the difference, which must be zero. */
  reconcile(ledger: {
    cost_nanousd: string
    entries: number
  }): Promise<{ difference_nanousd: string; entries_difference: number }>
}

/** One reservation, as people see it. */
export const ReservationView = z.object({
  id: z.string(),
  state: z.enum(['open', 'settled', 'expired', 'released']),
  estimate_usd: z.string(),
  held_usd: z.string(),
  spent_usd: z.string(),
  unconfirmed_usd: z.string().meta({ description: 'Spent, and not in the ledger so far' }),
  project_id: z.string(),
  agent_id: z.string().nullable(),
  workflow_id: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  user_id: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string(),
})
export type ReservationView = z.infer<typeof ReservationView>

const REASON_CHARS_MAX = 500

/** More room for a while. */
export const ExtensionCreate = z.object({
  amount_usd: PositiveUsd,
  until: z.iso.datetime({ offset: true }).meta({ description: 'When it ends; 31 days ahead at most' }),
  reason: z.string().trim().min(1).max(REASON_CHARS_MAX),
})
export type ExtensionCreate = z.infer<typeof ExtensionCreate>

export const Extension = z.object({
  id: z.string(),
  budget_id: z.string(),
  amount_usd: z.string(),
  until: z.string(),
  reason: z.string(),
  state: z.enum(['asked', 'granted', 'declined', 'ended']),
  asked_by: z.string(),
  decided_by: z.string().nullable(),
  asked_at: z.string(),
  decided_at: z.string().nullable(),
})
export type Extension = z.infer<typeof Extension>

/** Of TenantBudget, what the api calls. */
export interface BudgetsRpc {
  budgets(): Promise<Budget[]>
  /** The same, once forecasts that are out of date were made anew, or are about to be. */
  foreseen(): Promise<Budget[]>
  /** Null for one that does not exist. */
  budget(id: string): Promise<Budget | null>
  /** Exact, in order, units without spend left out; null for a budget that does not exist. */
  spending(id: string, range: SpendRange): Promise<SpendSum[] | null>
  detail(id: string): Promise<BudgetDetail | null>
  forecast(id: string): Promise<ForecastPath | null>
  create(tenant: Tenant, id: string, zone: string, input: BudgetCreate): Promise<Budget>
  update(id: string, change: BudgetUpdate): Promise<Budget | null>
  remove(id: string): Promise<boolean>
  setZone(zone: string): Promise<void>
  /** Those that hold something, or whose spend is not in the ledger; the largest first. */
  reservations(limit: number): Promise<ReservationView[]>
  /** Null for one that holds nothing. */
  release(id: string): Promise<ReservationView | null>
  extensions(): Promise<Extension[]>
  ask(budgetId: string, id: string, input: ExtensionCreate, by: string): Promise<Extension | null>
  /** Null for one that does not exist; the extension as it is when it was decided before. */
  decide(id: string, grant: boolean, by: string): Promise<Extension | null>
}
