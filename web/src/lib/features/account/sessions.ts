import * as z from 'zod'

const Session = z.object({
  token: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  ipAddress: z.string().nullish(),
  userAgent: z.string().nullish(),
})
const Current = z.object({ session: z.object({ token: z.string() }) })

export interface SessionRow {
  token: string
  device: string
  address: string
  created_ms: number
  seen_ms: number
  current: boolean
}

/** The visitor's sessions, this one first, as the identity endpoints tell of them; null when they tell otherwise. */
export function sessionsOf(listed: unknown, current: unknown): SessionRow[] | null {
  const rows = z.array(Session).safeParse(listed)
  const now = Current.safeParse(current)
  if (!rows.success || !now.success) return null
  return rows.data
    .map((row) => ({
      token: row.token,
      device: deviceOf(row.userAgent ?? ''),
      address: row.ipAddress ?? '',
      created_ms: Date.parse(row.createdAt),
      seen_ms: Date.parse(row.updatedAt),
      current: row.token === now.data.session.token,
    }))
    .toSorted((a, b) => Number(b.current) - Number(a.current) || b.seen_ms - a.seen_ms)
}

const BROWSERS = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
  ['curl/', 'curl'],
] as const
const SYSTEMS = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const

/** A browser and system that a person recognises. The order matters: most browsers also claim to be others. */
export function deviceOf(userAgent: string): string {
  const find = (known: readonly (readonly [string, string])[]) => known.find(([mark]) => userAgent.includes(mark))?.[1]
  return [find(BROWSERS) ?? 'A program', find(SYSTEMS)].filter(Boolean).join(' on ')
}
