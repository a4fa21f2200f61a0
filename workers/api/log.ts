import { AppError } from '../domain/errors.ts'

/** Logs what broke on our side, with the route's pattern instead of its ids; what a client did wrong at debug only. */
export function logFailure(level: string, error: unknown, requestId: string, method: string, route: string): void {
  const ours = !(error instanceof AppError) || error.code === 'internal' || error.code === 'unavailable'
  if (!ours && level !== 'debug') return
  const cause = error instanceof AppError ? error.cause : error
  const stack = ours && cause instanceof Error ? cause.stack : undefined
  const code = error instanceof AppError ? error.code : 'internal'
  console[ours ? 'error' : 'debug'](
    JSON.stringify({
      level: ours ? 'error' : 'debug',
      event: 'api.failed',
      request_id: requestId,
      method,
      route,
      code,
      cause: cause instanceof Error ? String(cause) : undefined,
      stack,
    }),
  )
}
