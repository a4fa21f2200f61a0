import { isPlainObject } from '../event-check.ts'
import type { Attributes, FlatSpan } from '../otlp/span.ts'
import { idOf, nameOf, numberOf, objectOf, type Json } from './read.ts'

const SCOPE = 'sentry'
const ITEMS_MAX = 1000

/**
 * The spans of a Sentry envelope that tell of agents, with those above them, as spans of OpenTelemetry, whose names they
 * use. Of items of type `span` (SDK 10 and later) and `transaction`; null for text that is no envelope. Other items, like
 * errors and sessions, are passed over.
 */
export function spansOfEnvelope(text: string): FlatSpan[] | null {
  const lines = text.split('\n')
  const header = parsed(lines[0] ?? '')
  if (!isPlainObject(header)) return null
  const spans: FlatSpan[] = []
  for (let at = 1, items = 0; at < lines.length && items < ITEMS_MAX; items++) {
    if ((lines[at] ?? '').trim() === '') {
      at++
      continue
    }
    const item = parsed(lines[at] ?? '')
    if (!isPlainObject(item)) return null
    const body = parsed(lines[at + 1] ?? '')
    if (item.type === 'span') spans.push(...listOf(objectOf(body).items).map(fromItem))
    else if (item.type === 'transaction') spans.push(...fromTransaction(objectOf(body)))
    at += 2
  }
  return agentSpans(spans)
}

function fromItem(span: Json): FlatSpan {
  const told = Object.entries(objectOf(span.attributes)).map(([name, at]): [string, unknown] => [
    name,
    objectOf(at).value,
  ])
  return flat(span, Object.fromEntries(told), nameOf(span.name))
}

/** The transaction is the outermost of its spans. */
function fromTransaction(transaction: Json): FlatSpan[] {
  const root = objectOf(objectOf(transaction.contexts).trace)
  const times = { start_timestamp: transaction.start_timestamp, timestamp: transaction.timestamp }
  const user = nameOf(objectOf(transaction.user).id)
  const about = {
    'sentry.release': transaction.release,
    'sentry.environment': transaction.environment,
    ...(user !== undefined && { 'user.id': user }),
  }
  const of = (span: Json, name: unknown) =>
    flat(span, { ...objectOf(span.data), 'sentry.op': span.op, ...about }, nameOf(name))
  return [
    of({ ...root, ...times }, transaction.transaction),
    ...listOf(transaction.spans).map((span) => of(span, span.description)),
  ]
}

function flat(span: Json, given: Attributes, name: string | undefined): FlatSpan {
  const attributes = plainOf(given)
  const end = numberOf(span.end_timestamp) ?? numberOf(span.timestamp) ?? 0
  const start = numberOf(span.start_timestamp) ?? end
  const message = attributes['sentry.status.message']
  const isOk = span.status === undefined || span.status === 'ok'
  return {
    traceId: idOf(span.trace_id) ?? '',
    spanId: idOf(span.span_id) ?? '',
    parentSpanId: idOf(span.parent_span_id) ?? '',
    name: name ?? nameOf(attributes['sentry.op']) ?? 'span',
    endMs: Math.floor(end * 1000),
    durationMs: Math.max(0, Math.round((end - start) * 1e6) / 1e3),
    statusCode: isOk ? 0 : 2,
    statusMessage: typeof message === 'string' ? message : isOk ? '' : (nameOf(span.status) ?? ''),
    attributes,
    events: [],
    resource: {
      'deployment.environment.name': attributes['sentry.environment'] ?? null,
      'service.version': attributes['sentry.release'] ?? null,
    },
    scope: SCOPE,
  }
}

/** Attributes are plain values, and lists of them. */
function plainOf(attributes: Attributes): Attributes {
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => (Array.isArray(value) ? value.every(isPlain) : isPlain(value))),
  )
}

function agentSpans(spans: readonly FlatSpan[]): FlatSpan[] {
  const byId = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]))
  const kept = new Set<FlatSpan>()
  for (const span of spans) {
    if (!isOfAgent(span)) continue
    for (let at: FlatSpan | undefined = span; at && !kept.has(at);) {
      kept.add(at)
      at = byId.get(`${at.traceId} ${at.parentSpanId}`)
    }
  }
  return spans.filter((span) => kept.has(span))
}

function isOfAgent({ attributes }: FlatSpan): boolean {
  const op = attributes['sentry.op']
  if (typeof op === 'string' && /^(gen_ai|ai|mcp)\b/.test(op)) return true
  return Object.keys(attributes).some((name) => name.startsWith('gen_ai.'))
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isPlainObject) : []
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
