import { sha256Hex } from '../hash.ts'

const FAILURES_MAX = 20
const WINDOW_MS = 15 * 60_000

/** Wrong passwords by account, wherever they come from: many addresses must not add up to many guesses. */
export function signInFailures(db: D1Database, now: () => number) {
  const idOf = (email: string) => sha256Hex(email.trim().toLowerCase())
  return {
    /** Seconds until the account may be tried again; 0 now. */
    async waitSeconds(email: string): Promise<number> {
      const row = await db
        .prepare('SELECT failures, since_ms FROM sign_in_failure WHERE account = ?1')
        .bind(idOf(email))
        .first<{ failures: number; since_ms: number }>()
      if (row === null || row.failures < FAILURES_MAX) return 0
      return Math.max(0, Math.ceil((row.since_ms + WINDOW_MS - now()) / 1000))
    },
    async failed(email: string): Promise<void> {
      await db.batch([
        db.prepare('DELETE FROM sign_in_failure WHERE since_ms < ?1').bind(now() - WINDOW_MS),
        db
          .prepare(
            'INSERT INTO sign_in_failure (account, failures, since_ms) VALUES (?1, 1, ?2) ON CONFLICT DO UPDATE SET failures = failures + 1',
          )
          .bind(idOf(email), now()),
      ])
    },
    async succeeded(email: string): Promise<void> {
      await db.prepare('DELETE FROM sign_in_failure WHERE account = ?1').bind(idOf(email)).run()
    },
  }
}

export type SignInFailures = ReturnType<typeof signInFailures>
