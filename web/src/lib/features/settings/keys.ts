import type { Key, Scope } from '$lib/tenancy.ts'

/** What each scope lets a key do, in words. */
export const SCOPE_WORDS: Record<Scope, string> = {
  ingest: 'Send events and traces',
  guard: 'Reserve and settle budget',
  read: 'Read traces, metrics, spend and the live feed',
  admin: 'All that read does, and change workspaces and projects; see keys, without their secrets',
}

/** What a key made here may get: scopes that something answers to. */
export const OFFERED: readonly Scope[] = ['ingest', 'read', 'admin']

export const EXPIRIES = [
  { days: 0, label: 'Never' },
  { days: 30, label: 'In 30 days' },
  { days: 90, label: 'In 90 days' },
  { days: 365, label: 'In a year' },
] as const

/** How long a rotated key may work beside the new one. */
export const OVERLAPS = [
  { hours: 0, label: 'no longer' },
  { hours: 1, label: 'one more hour' },
  { hours: 24, label: 'one more day' },
  { hours: 168, label: 'one more week' },
] as const

const DAY_MS = 86_400_000

/** When a key made now expires, or nothing; only the offered spans count. */
export function expiryOf(days: string, nowMs: number): string | undefined {
  const offered = EXPIRIES.find((one) => String(one.days) === days)
  return offered === undefined || offered.days === 0 ? undefined : new Date(nowMs + offered.days * DAY_MS).toISOString()
}

export type KeyState = 'active' | 'expiring' | 'expired' | 'revoked'
const SOON_MS = 7 * DAY_MS

export function stateOf(key: Pick<Key, 'revoked_at' | 'expires_at'>, nowMs: number): KeyState {
  if (key.revoked_at !== null) return 'revoked'
  const left = key.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(key.expires_at) - nowMs
  return left <= 0 ? 'expired' : left < SOON_MS ? 'expiring' : 'active'
}

/** Keys that work first, each part newest first. */
export function sortKeys(keys: readonly Key[], nowMs: number): Key[] {
  const works = (key: Key) => (['active', 'expiring'].includes(stateOf(key, nowMs)) ? 0 : 1)
  return keys.toSorted((a, b) => works(a) - works(b) || b.created_at.localeCompare(a.created_at))
}
