import { AppError } from '../../domain/errors.ts'

/** A part of a list that its route answers whole, and where the next part begins. @throws AppError invalid_input. */
export function pageOf<T>(all: readonly T[], cursor: string | undefined, limit: number) {
  const start = startOf(cursor)
  const end = start + limit
  return { rows: all.slice(start, end), next_cursor: end < all.length ? String(end) : null }
}

function startOf(cursor = '0'): number {
  const start = /^\d{1,7}$/.test(cursor) ? Number(cursor) : -1
  if (start >= 0) return start
  const detail = 'Give the "next_cursor" of an answer to the same question.'
  throw new AppError('invalid_input', detail, { errors: [{ pointer: '/cursor', detail }] })
}
