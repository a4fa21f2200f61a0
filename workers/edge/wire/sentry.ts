import { keyInHeaders } from '../../domain/credential.ts'
import { AppError } from '../../domain/errors.ts'
import { spansOfEnvelope } from '../../domain/wire/sentry.ts'
import { asText, readBody } from '../body.ts'
import { sha256 } from '../deps.ts'
import type { Env } from '../env.ts'
import { contextOf, EVENTS_MAX } from '../events.ts'
import { admitKey, makeDurable } from '../ingest.ts'
import { judgeSpans } from '../traces.ts'

/** `POST /api/{project}/envelope/`: spans of agents; the key is the user of the client's DSN. */
export async function postSentry(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const key = await admitKey(keyOf(request), env, ctx)
  const [body, nowMs] = [await readBody(request), Date.now()]
  const spans = spansOfEnvelope(asText(body))
  if (spans === null) throw new AppError('unreadable', 'The body is not a Sentry envelope.')
  if (spans.length > EVENTS_MAX) throw new AppError('too_large', `More than ${EVENTS_MAX} spans in one request.`)
  const { events, rejected } = judgeSpans(spans, contextOf(key, nowMs, sha256))
  const first = rejected[0]
  if (first && events.length === 0)
    throw new AppError('invalid_input', 'Nothing in this envelope could be taken.', {
      errors: [{ pointer: first.pointer, detail: first.detail }],
    })
  const identity = `wire sentry\n${JSON.stringify(events)}`
  const accepted = await makeDurable(request, env, ctx, { key, body, nowMs, identity }, events, 'wire sentry\n')
  const headers: Record<string, string> = accepted === null ? {} : { 'x-receipt-id': accepted.receipt_id }
  return Response.json({ ...(rejected.length > 0 && { rejected: rejected.slice(0, 100) }) }, { headers })
}

function keyOf(request: Request): string | null {
  const told = new URL(request.url).searchParams.get('sentry_key')
  const header = /sentry_key=([\w-]+)/.exec(request.headers.get('x-sentry-auth') ?? '')?.[1]
  return told ?? header ?? keyInHeaders(request.headers)
}
