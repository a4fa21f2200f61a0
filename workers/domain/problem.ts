import type { Problem } from '../contract/problem.ts'
import { AppError, type ErrorCode } from './errors.ts'

const PROBLEMS: Record<ErrorCode, [status: number, title: string]> = {
  invalid_input: [422, 'The request is well-formed but not valid'],
  unreadable: [400, 'The body cannot be read'],
  unauthenticated: [401, 'Credentials are missing or not valid'],
  forbidden: [403, 'These credentials may not do this'],
  not_found: [404, 'There is no such thing here'],
  method_not_allowed: [405, 'This address does not take that method'],
  conflict: [409, 'The request conflicts with what exists'],
  too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The media type is not supported'],
  limit_exceeded: [429, 'Too many requests'],
  unavailable: [503, 'The service cannot answer now'],
  internal: [500, 'Something broke on our side'],
}
const INTERNAL_DETAIL = 'The error is logged under this request id. Try again; if it lasts, quote the id.'

/** The one map from an error to its RFC 9457 answer; unknown errors tell nothing of themselves. */
export function problemOf(
  error: unknown,
  requestId: string,
): { status: number; body: Problem; headers: Record<string, string> } {
  const known = error instanceof AppError ? error : new AppError('internal', INTERNAL_DETAIL)
  const [status, title] = PROBLEMS[known.code]
  const body: Problem = {
    type: `https://agentops.dev/errors/${known.code}`,
    title,
    status,
    detail: known.detail,
    instance: requestId,
    code: known.code,
    ...(known.errors && { errors: known.errors }),
  }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (known.retryAfterSeconds !== undefined) headers['retry-after'] = String(known.retryAfterSeconds)
  return { status, body, headers }
}

/** The same as a Response. */
export function problemResponse(error: unknown, requestId: string): Response {
  const { status, body, headers } = problemOf(error, requestId)
  return new Response(JSON.stringify(body), { status, headers })
}
