/** Tries of one notification, the first one counted. */
export const TRIES_MAX = 10
const FIRST_S = 10
const LONGEST_S = 3600
/** A receiver may ask for this much patience. */
const RETRY_AFTER_S_MAX = 3600

/**
 * Seconds until the next try, or null after the last: 10 s, 20 s, 40 s … an hour at most, a quarter more or less by
 * chance; a receiver that asks for more time gets it. About three hours in all.
 * @param attempt how many tries were made. @param chance from 0 to 1.
 */
export function retryAfter(attempt: number, retryAfterS: number | null, chance: number): number | null {
  if (attempt >= TRIES_MAX) return null
  const backoff = Math.min(FIRST_S * 2 ** (attempt - 1), LONGEST_S) * (0.75 + chance / 2)
  const asked = Math.min(retryAfterS ?? 0, RETRY_AFTER_S_MAX)
  return Math.ceil(Math.max(backoff, asked))
}
