/** Every way a call can fail. Only the HTTP layer knows statuses. */
export type ErrorCode =
  | 'invalid_input'
  | 'unreadable'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media_type'
  | 'limit_exceeded'
  | 'unavailable'
  | 'internal'

export interface FieldError {
  /** JSON pointer into the body, or `query/<name>`, `header/<name>`. */
  pointer: string
  detail: string
}

/** `detail` is for the caller: what, where, how to fix. `cause` is for the log only. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  readonly errors: FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    more: { errors?: FieldError[]; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(detail, { cause: more.cause })
    this.name = 'AppError'
    this.code = code
    this.detail = detail
    this.errors = more.errors
    this.retryAfterSeconds = more.retryAfterSeconds
  }
}

/** What one of several questions that is refused by itself comes to. @throws what breaks all of them. */
export function refusal(error: unknown): AppError {
  if (error instanceof AppError && error.code === 'invalid_input') return error
  throw error
}
