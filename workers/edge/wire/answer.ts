import type { Refusal } from '../../domain/canonical.ts'
import { AppError } from '../../domain/errors.ts'
import type { Judged } from '../../domain/wire/judge.ts'

const LISTED_MAX = 100

/** What a client is told of a request: which of its messages were refused, and under which receipt the rest is kept. */
export interface Taken extends Judged {
  count: number
  receiptId: string | null
}

export function receiptHeaders({ receiptId }: Taken): Record<string, string> {
  return receiptId === null ? {} : { 'x-receipt-id': receiptId }
}

export function refusalsOf({ refused }: Taken): { index: number; code: string; pointer: string; detail: string }[] {
  return [...refused]
    .sort(([a], [b]) => a - b)
    .slice(0, LISTED_MAX)
    .map(([index, { code, pointer, detail }]) => ({ index, code, pointer, detail }))
}

/** Clients show only a failed request to people. @throws AppError invalid_input when no message could be taken. */
export function assertAnyTaken(taken: Taken): void {
  if (taken.count === 0 || taken.refused.size < taken.count) return
  const errors = refusalsOf(taken).map(({ index, pointer, detail }) => ({ pointer: `/${index}${pointer}`, detail }))
  throw new AppError('invalid_input', 'Nothing in this request could be taken.', { errors })
}

export function wordOf({ pointer, detail }: Refusal): string {
  return pointer === '' ? detail : `${pointer}: ${detail}`
}
