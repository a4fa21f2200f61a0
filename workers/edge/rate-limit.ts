import { AppError } from '../domain/errors.ts'

const WINDOW_MS = 10_000
/** One call of the location-wide limiter stands for this many requests. */
const STRIDE = 10
const KEYS_MAX = 10_000

interface Window {
  start: number
  requests: number
}

const windows = new Map<string, Window>()

/**
 * Counts a key's requests exactly within this isolate and charges the location-wide limiter once per STRIDE.
 * @throws AppError limit_exceeded with the seconds until the window ends.
 */
export async function takeRequest(
  limiter: RateLimit,
  requestsMax: number,
  keyId: string,
  nowMs: number,
): Promise<void> {
  const start = nowMs - (nowMs % WINDOW_MS)
  let window = windows.get(keyId)
  if (window === undefined || window.start !== start) {
    if (windows.size >= KEYS_MAX) windows.clear()
    window = { start, requests: 0 }
    windows.set(keyId, window)
  }
  window.requests++
  const refused =
    window.requests > requestsMax || (window.requests % STRIDE === 0 && !(await limiter.limit({ key: keyId })).success)
  if (!refused) return
  window.requests = Math.max(window.requests, requestsMax)
  const seconds = Math.ceil((start + WINDOW_MS - nowMs) / 1000)
  throw new AppError(
    'limit_exceeded',
    `This key may send ${requestsMax} requests in 10 s. Put more events into each request.`,
    { retryAfterSeconds: seconds },
  )
}
