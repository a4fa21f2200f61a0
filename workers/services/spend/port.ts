import type { SPEND_GROUPS, SpendFilter } from '../../contract/api.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { CacheUse } from '../../domain/cache-saving.ts'

export type SpendGroup = (typeof SPEND_GROUPS)[number]

/** Any of these values; an empty one stands for entries that name none. Projects are not asked for here. */
export type SpendFilters = Partial<Record<Exclude<SpendFilter, 'project'>, readonly string[]>>

export interface SpendQuery {
  from_ms: number
  to_ms: number
  group_by: readonly SpendGroup[]
  /** IANA zone in which days are cut. */
  time_zone: string
  filters?: SpendFilters
}

/** Exact sums; each key holds one value per group. */
export interface SpendSum {
  key: string[]
  cost_nanousd: bigint
  entries: number
  unpriced: number
  tokens_prompt: number
  tokens_completion: number
  tokens_cached: number
  tokens_cache_write: number
  tokens_reasoning: number
}

export interface ModelKey {
  provider: string
  model: string
}

/** Which entries that a cache had to do with are told apart, and by what. */
export interface CacheQuery extends Pick<SpendQuery, 'from_ms' | 'to_ms' | 'filters'> {
  models: readonly ModelKey[]
  /** By quarters of an hour, which no price changes within. */
  by_time: boolean
  /** By where the prompt's length lies between these numbers of tokens. */
  tiers: readonly number[]
}

export interface SpendStore {
  cacheUses(tenant: Tenant, projectIds: readonly string[], query: CacheQuery): Promise<(ModelKey & CacheUse)[]>
  spend(tenant: Tenant, projectIds: readonly string[], query: SpendQuery): Promise<SpendSum[]>
}
