import type { MetricsAnswer, MetricsQuery } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { AppError } from '../../domain/errors.ts'

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
