import type { TraceSort } from '../../contract/trace.ts'
import { AppError } from '../../domain/errors.ts'
import type { SortedPosition, TracePosition } from './store.ts'

/** The cursor of a page in the order of time. */
export function timeCursor({ sort_ms, trace_id }: TracePosition): string {
  return btoa(`${sort_ms} ${trace_id}`)
}

/** @throws AppError invalid_input. */
export function parseTimeCursor(cursor: string | undefined): TracePosition | null {
  if (cursor === undefined) return null
  const match = /^(\d{1,16}) ([\x21-\x7e]{1,128})$/.exec(textOf(cursor))
  if (match) return { sort_ms: Number(match[1]), trace_id: match[2] ?? '' }
  throw malformed()
}

/** The cursor of a page in another order. It names the order, since a value of one is no place in another. */
export function sortedCursor(sort: TraceSort, { value, sort_ms, trace_id }: SortedPosition): string {
  return Buffer.from(JSON.stringify([sort, value, sort_ms, trace_id])).toString('base64url')
}

/** @throws AppError invalid_input, also for the cursor of another order. */
export function parseSortedCursor(cursor: string | undefined, sort: TraceSort): SortedPosition | null {
  if (cursor === undefined) return null
  const [named, value, sort_ms, trace_id] = fieldsOf(Buffer.from(cursor, 'base64url').toString())
  if (
    named !== sort ||
    (typeof value !== 'string' && typeof value !== 'number') ||
    typeof trace_id !== 'string' ||
    typeof sort_ms !== 'number'
  )
    throw malformed()
  return { value, sort_ms, trace_id }
}

function fieldsOf(text: string): unknown[] {
  try {
    const fields: unknown = JSON.parse(text)
    return Array.isArray(fields) ? fields : []
  } catch {
    return []
  }
}

function textOf(cursor: string): string {
  try {
    return atob(cursor)
  } catch {
    return ''
  }
}

function malformed(): AppError {
  return new AppError('invalid_input', 'This cursor is not one of ours: start again without it.', {
    errors: [{ pointer: 'query/cursor', detail: 'malformed' }],
  })
}
