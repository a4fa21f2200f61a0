const MINUTE_MS = 60_000
/** Events are on their way for a moment. */
const AFTER_MS = 5_000
const SPREAD_MS = 45_000

/**
 * When an organization is evaluated next: once a minute, each at a second of its own, so that many organizations do not
 * wake at once.
 */
export function nextEvaluation(orgId: string, lastMs: number): number {
  let hash = 0
  for (const char of orgId) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0
  return Math.floor(lastMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS + AFTER_MS + (hash % SPREAD_MS)
}
