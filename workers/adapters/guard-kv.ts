import type { GuardFallback } from '../domain/budget/fallback.ts'

const CACHE_SECONDS = 60
const nameOf = (orgId: string) => `guard:${orgId}`

/** What the edge knows of an organization's budgets when they cannot be asked. */
export function guardFallback(kv: KVNamespace) {
  return {
    find: async (orgId: string): Promise<GuardFallback> =>
      (await kv.get<GuardFallback>(nameOf(orgId), { type: 'json', cacheTtl: CACHE_SECONDS })) ?? { budgets: [] },
    put: (orgId: string, fallback: GuardFallback): Promise<void> =>
      fallback.budgets.length === 0 ? kv.delete(nameOf(orgId)) : kv.put(nameOf(orgId), JSON.stringify(fallback)),
  }
}
