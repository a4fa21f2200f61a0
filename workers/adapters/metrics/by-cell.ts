import type { Kind, MetricsAnswer } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { AppError } from '../../domain/errors.ts'
import type { MetricsQuestion, MetricsStore } from '../../services/metrics/port.ts'
import { ANALYTICS_KINDS } from './analytics-engine/columns.ts'

/**
 * Analytics Engine has no jurisdictions: tenants of every cell but `global` are answered by the exact store alone. So
 * are those that were moved to `global`, since what they did before lies in the exact store only, and whoever asks for a
 * kind that Analytics Engine does not hold (whole traces, whose sums change when an outcome is revised: a point cannot
 * be taken back; and what is few rows in D1).
 */
export function metricsByCell(
  exact: MetricsStore,
  analytics: MetricsStore | null,
  hasMoved: (tenant: Tenant) => Promise<boolean> = async () => false,
): MetricsStore {
  const storeFor = async (tenant: Tenant, kinds: readonly Kind[]): Promise<(kind: Kind) => MetricsStore> => {
    const isExact =
      tenant.cell !== 'global' ||
      analytics === null ||
      !kinds.some((kind) => ANALYTICS_KINDS.includes(kind)) ||
      (await hasMoved(tenant))
    return (kind) => (isExact || !ANALYTICS_KINDS.includes(kind) ? exact : analytics)
  }
  return {
    async query(tenant, projectIds, query) {
      const store = await storeFor(tenant, [query.kind])
      return store(query.kind).query(tenant, projectIds, query)
    },
    async queries(tenant, questions) {
      const store = await storeFor(
        tenant,
        questions.map(({ query }) => query.kind),
      )
      const byStore = Map.groupBy(questions, ({ query }) => store(query.kind))
      const answers = new Map<MetricsQuestion, MetricsAnswer | AppError>()
      await Promise.all(
        [...byStore].map(async ([one, own]) => {
          const found = await one.queries(tenant, own)
          own.forEach((question, i) => {
            const answer = found[i]
            if (answer !== undefined) answers.set(question, answer)
          })
        }),
      )
      return questions.flatMap((question) => answers.get(question) ?? [])
    },
  }
}
