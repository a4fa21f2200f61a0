import type { BudgetsRpc } from '../contract/budget.ts'
import type { Tenant } from '../contract/tenant.ts'
import type { AlertSource } from '../services/alert/source.ts'
import { liveProjects } from './d1/live-projects.ts'
import { d1Metrics } from './metrics/d1/store.ts'

export interface SourcePlaces {
  control: D1Database
  shard: (tenant: Tenant) => D1Database
  budget: (tenant: Tenant) => Pick<BudgetsRpc, 'budgets' | 'spending'>
  now: () => number
}

/** What rules are judged by: D1, which is exact in every cell, and never Analytics Engine, which samples. */
export function alertSource({ control, shard, budget, now }: SourcePlaces): AlertSource {
  const metrics = d1Metrics(shard, now)
  return {
    projects: ({ org_id }) => liveProjects(control, org_id),
    metrics: async (tenant, projects, query) =>
      projects.length === 0 ? [] : (await metrics.query(tenant, projects, query)).data,
    budgets: (tenant) => budget(tenant).budgets(),
    spending: (tenant, id, range) => budget(tenant).spending(id, range),
  }
}
