/** Where a trace goes on: W3C Trace Context, level 1. */
export interface TraceParent {
  traceId: string
  spanId: string
}

const FORM = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/

/** Null for none, and for one that is not valid: then a new trace begins, as the standard says. */
export function parseTraceparent(header: string | null | undefined): TraceParent | null {
  const [, traceId, spanId] = FORM.exec(header?.trim() ?? '') ?? []
  if (traceId === undefined || spanId === undefined || header?.startsWith('ff')) return null
  return /[^0]/.test(traceId) && /[^0]/.test(spanId) ? { traceId, spanId } : null
}

export function formatTraceparent({ traceId, spanId }: TraceParent): string {
  return `00-${traceId}-${spanId}-01`
}
