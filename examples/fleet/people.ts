import type { Random } from './random.ts'

const FIRST = [
  'amelia',
  'bogdan',
  'chiara',
  'dmitri',
  'elif',
  'farah',
  'goran',
  'hanna',
  'ivan',
  'jaya',
  'kofi',
  'lena',
  'mateo',
  'nadia',
  'oskar',
  'priya',
  'quentin',
  'rosa',
  'samir',
  'tessa',
]
const LAST = ['adler', 'brandt', 'costa', 'dubois', 'eriksen', 'ferrari', 'gomez', 'hussain', 'ito', 'jansen']

/** Two hundred users; the first ones are much busier than the last (Zipf). */
export const USERS: readonly { name: string; weight: number }[] = FIRST.flatMap((_, i) =>
  LAST.map((last, j) => `${FIRST[(i + j * 7) % FIRST.length] ?? ''}.${last}`),
).map((name, rank) => ({ name, weight: 1 / (rank + 3) ** 0.9 }))

const SESSION_MS = 30 * 60_000

/** Who starts a trace; the requests of one user within half an hour are one session. */
export function personOf(random: Random, startMs: number): { user: string; session: string } {
  const user = random.weighted(USERS).name
  return { user, session: `${user.replace('.', '-')}-${Math.floor(startMs / SESSION_MS).toString(36)}` }
}
