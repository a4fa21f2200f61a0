import * as z from 'zod'
import { AppError } from '../../../domain/errors.ts'

const API = 'https://api.cloudflare.com/client/v4/accounts'
const TIMEOUT_MS = 15_000
const RETRY_AFTER_SECONDS = 5
/** Nothing that matches has been written yet: a table and its columns come into being with their first point. */
const NOTHING_WRITTEN = /unknown table|unable to find type of column/i

const Answer = z.object({
  data: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
})
export type SqlRow = z.infer<typeof Answer>['data'][number]

export interface SqlApiOptions {
  account_id: string
  token: string
  fetch: typeof fetch
  timeout_ms?: number
}

/**
 * Runs one statement over Cloudflare's SQL API.
 * @throws AppError unavailable when trying again may help, internal when it will not; neither tells the client more.
 */
export async function runSql({ account_id, token, fetch, timeout_ms }: SqlApiOptions, sql: string): Promise<SqlRow[]> {
  let response: Response
  let text: string
  try {
    response = await fetch(`${API}/${encodeURIComponent(account_id)}/analytics_engine/sql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain; charset=utf-8' },
      body: sql,
      signal: AbortSignal.timeout(timeout_ms ?? TIMEOUT_MS),
    })
    text = await response.text()
  } catch (cause) {
    throw unavailable(cause)
  }
  if (!response.ok) return refused(response.status, text)
  const answer = Answer.safeParse(parsed(text))
  if (!answer.success) throw broken(new Error('Analytics Engine answered something that is no result'))
  return answer.data.data
}

function refused(status: number, text: string): SqlRow[] {
  if (status === 422 && NOTHING_WRITTEN.test(text)) return []
  // The reason may quote the statement, and with it what a tenant's people are called.
  const reason = text.slice(0, 300).replace(/'[^']*('|$)/g, "'…'")
  const cause = new Error(`Analytics Engine answered ${status}: ${reason}`)
  throw status === 429 || status >= 500 ? unavailable(cause) : broken(cause)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unavailable(cause: unknown): AppError {
  return new AppError('unavailable', 'Metrics cannot be read now. Try again, or ask for a shorter range.', {
    cause,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}

function broken(cause: unknown): AppError {
  return new AppError('internal', 'Metrics could not be read; the reason is logged under this request id.', { cause })
}
