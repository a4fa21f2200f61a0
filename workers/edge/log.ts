import { AppError } from '../domain/errors.ts'

const QUIET = new Set(['warn', 'error'])

/** Logs what went wrong on our side always, what a client did wrong only when asked; never a body or a key. */
export function logFailure(level: string, error: unknown, requestId: string, path: string): void {
  const ours = !(error instanceof AppError) || error.code === 'internal' || error.code === 'unavailable'
  if (!ours && (QUIET.has(level) || level === 'info')) return
  const cause = error instanceof AppError ? error.cause : error
  const line = {
    level: ours ? 'error' : 'debug',
    event: 'edge.failed',
    request_id: requestId,
    path,
    code: error instanceof AppError ? error.code : 'internal',
    cause: cause instanceof Error ? String(cause) : undefined,
  }
  console[ours ? 'error' : 'debug'](JSON.stringify(line))
}
