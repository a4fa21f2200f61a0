import type { MetricsAnswer, MetricsQuery } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'

export interface MetricsQuestion {
  /** The projects that the caller may see. */
  projectIds: readonly string[]
  query: MetricsQuery
}

/** Where charts and alerts read. Finance never does: it reads the ledger. */
export interface MetricsStore {
  /** @throws AppError invalid_input. */
  query(tenant: Tenant, projectIds: readonly string[], query: MetricsQuery): Promise<MetricsAnswer>
  /** Several questions at once, each answered or refused by itself, in their order. */
  queries(tenant: Tenant, questions: readonly MetricsQuestion[]): Promise<(MetricsAnswer | AppError)[]>
}

/** What a question that is refused by itself comes to; what breaks otherwise breaks all of them. */
export function refusal(error: unknown): AppError {
  if (error instanceof AppError && error.code === 'invalid_input') return error
  throw error
}
