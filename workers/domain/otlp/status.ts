import { TEXT_CHARS_MAX } from '../../contract/event.ts'
import { errorTypeOf } from '../failure.ts'
import { cutWhole } from '../pii/redact.ts'
import { numberAt, textAt, textOf } from './attributes.ts'
import type { Facts } from './facts.ts'
import type { Node, Result } from './node.ts'
import type { FlatSpan } from './span.ts'

const NO_ERROR = new Set(['_OTHER', 'unknown', ''])

/**
 * How each span ended. OTLP's status alone lies both ways: of a failed call it can be unset or ok, and a tool that
 * failed makes some instrumentations mark the spans around it.
 */
export function tellResults(nodes: readonly Node[]): void {
  const ofTools = new Map<string, Set<string>>()
  for (const node of nodes) {
    node.result = resultOf(node.span, node.facts)
    const { kind, span, result } = node
    if (kind !== 'tool' || result.status === 'ok' || span.statusMessage === '') continue
    const messages = ofTools.get(span.traceId)
    if (messages) messages.add(span.statusMessage)
    else ofTools.set(span.traceId, new Set([span.statusMessage]))
  }
  for (const node of nodes) {
    const { span, facts, kind, parent, result } = node
    if (kind !== 'tool' && isOnlyMarked(span, facts) && ofTools.get(span.traceId)?.has(span.statusMessage))
      node.result = { status: 'ok' }
    if (parent?.kind !== 'tool') continue
    // Claude Code tells of a tool by the spans below it.
    if (kind === 'permission' && isDenied(facts)) parent.result = { status: 'blocked', error_type: 'policy_blocked' }
    if (facts.kind === 'tool.execution' && result.status === 'error' && parent.result.status === 'ok')
      parent.result = result
  }
}

export function isDenied(facts: Facts): boolean {
  return /^(reject|den)/i.test(textAt(facts, 'decision') ?? '')
}

/** Nothing but the status says that it failed, and nothing happened in the span itself. */
function isOnlyMarked(span: FlatSpan, facts: Facts): boolean {
  return (
    span.statusCode === 2 && exceptionOf(span) === undefined && !hasFailed(facts) && reasonsOf(span, facts).length === 0
  )
}

function resultOf(span: FlatSpan, facts: Facts): Result {
  const reasons = reasonsOf(span, facts)
  const exception = exceptionOf(span)
  if (span.statusCode !== 2 && exception === undefined && reasons.length === 0 && !hasFailed(facts))
    return { status: 'ok' }
  const message = messageOf(span, facts)
  return {
    status: 'error',
    error_type: errorNameOf(reasons, message),
    error_message: message === undefined ? undefined : cutWhole(message, TEXT_CHARS_MAX),
  }
}

function hasFailed(facts: Facts): boolean {
  const { success, aborted, error_message } = facts
  return (
    textAt(facts, 'level') === 'ERROR' ||
    success === false ||
    success === 'false' ||
    aborted === true ||
    error_message === true ||
    /^(failed|error|internal_error)$/.test(textAt(facts, 'failed') ?? '')
  )
}

function exceptionOf(span: FlatSpan) {
  return span.events.find((event) => event.name === 'exception')?.attributes
}

function reasonsOf(span: FlatSpan, facts: Facts): string[] {
  const httpStatus = numberAt(facts, 'http_status') ?? 0
  return [
    textAt(facts, 'error_type'),
    textOf(exceptionOf(span)?.['exception.type']),
    httpStatus >= 400 ? String(httpStatus) : undefined,
  ].filter((reason) => reason !== undefined && !NO_ERROR.has(reason)) as string[]
}

function messageOf(span: FlatSpan, facts: Facts): string | undefined {
  const candidates = [span.statusMessage, facts.error_message, exceptionOf(span)?.['exception.message']]
  return candidates.find((text): text is string => typeof text === 'string' && text !== '')
}

/**
 * A class named "Error" tells less than the status code beside it; one that tells no kind of error is followed by what
 * its message does.
 */
function errorNameOf(reasons: string[], message: string | undefined): string {
  const head = message?.slice(0, 1024) ?? ''
  const all = [...reasons, ...namesIn(head)]
  const known = all.find((reason) => errorTypeOf(reason) !== 'unknown')
  if (known !== undefined) return known
  const hint = HINTS.find(([pattern]) => pattern.test(head))?.[1]
  const named = all.find((reason) => reason !== 'Error') ?? (hint === undefined ? all[0] : undefined)
  return [named, hint].filter((part) => part !== undefined).join(': ') || 'unknown'
}

/** LangChain appends the stack to the message, and names the class before it or at the stack's beginning. */
const CLASS = /(?:^|\n)(\w*(?:Error|Exception)): /g
const STATUS_FIRST = /^(?:Error: )?([45]\d\d)\b/
/** What messages of providers and their SDKs say, in words that errorTypeOf knows. */
const HINTS: [RegExp, string][] = [
  [/\brate limit/i, 'rate_limit'],
  [/\btimed out\b|\bdue to timeout\b/i, 'timed_out'],
  [/\bserver (had an )?error\b/i, 'server_error'],
  [/\boverloaded\b/i, 'overloaded'],
  [/\bapi key\b/i, 'api_key'],
  [/\bcontext length\b/i, 'context_length'],
]

function namesIn(head: string): string[] {
  const status = STATUS_FIRST.exec(head)?.[1]
  const classes = [...head.matchAll(CLASS)].flatMap(([, name]) =>
    name === undefined || name === 'Error' ? [] : [name],
  )
  return [...(status === undefined ? [] : [status]), ...classes]
}
