import type { CanonicalEvent } from '../contract/event.ts'
import { kindOf } from './rollup.ts'

/** A trace keeps this many different failures, first in the order of their text, so that no order of arrival matters. */
export const TRACE_FAILURES_MAX = 32

/** A failure as a trace keeps it: `''` is what was not told. */
export type FailureTuple = [error_type: string, message_hash: string, step: string, tool_name: string, model: string]

/**
 * What failed by an event, as the JSON of a FailureTuple; null where nothing did. Told apart as metrics tell failed
 * operations apart: requests have no step, and the tool and the model are those of their own calls. The text is ASCII,
 * so that it sorts alike here and in SQL.
 */
export function failureOf(event: CanonicalEvent): string | null {
  if (event.status !== 'error' && event.status !== 'blocked') return null
  const kind = kindOf(event)
  if (kind !== 'request' && kind !== 'step' && kind !== 'llm' && kind !== 'tool') return null
  const failure: FailureTuple = [
    event.error_type ?? 'unknown',
    event.error_message_hash ?? '',
    kind === 'request' ? '' : (event.step ?? ''),
    kind === 'tool' ? (event.tool_name ?? '') : '',
    kind === 'llm' ? (event.model ?? '') : '',
  ]
  return JSON.stringify(failure).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The column of a trace: what one commit knows of its failures. */
export function failuresColumn(failures: ReadonlySet<string>): string {
  return `[${[...failures].sort().slice(0, TRACE_FAILURES_MAX).join(',')}]`
}
