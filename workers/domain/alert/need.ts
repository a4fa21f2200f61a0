import type { Budget, SpendRange, SpendSum } from '../../contract/budget.ts'
import type { MetricsAnswer, MetricsQuery } from '../../contract/metrics.ts'

/** A question to the metrics that a condition needs answered before it can be judged. */
export interface Question {
  name: string
  query: MetricsQuery
  /** Whole past hours do not change: the answer may be kept until this moment. Null: ask each time. */
  keep_until_ms: number | null
}

/** Exact spend of a budget's scope that a condition needs, summed by quarter hours or by hours. */
export interface SpendQuestion {
  name: string
  budget_id: string
  range: SpendRange
  keep_until_ms: number | null
}

/** What is needed to judge a condition. */
export interface Need {
  questions: Question[]
  budgets: boolean
  /** Left out: none. */
  spend?: SpendQuestion[]
}

/** The answers, by the names of the questions. */
export interface Found {
  answers: Record<string, MetricsAnswer['data']>
  budgets: Budget[]
  /** Null for a budget that does not exist. */
  spend?: Record<string, SpendSum[] | null>
}
