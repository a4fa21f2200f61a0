import type { KeyRecord } from '../contract/tenant.ts'
import type { CanonicalEvent } from '../contract/event.ts'
import { keyInHeaders } from '../domain/credential.ts'
import { AppError } from '../domain/errors.ts'
import { acceptEvents, type Accepted } from '../services/ingest/accept.ts'
import { verifyKey } from '../services/key/verify.ts'
import { readBody } from './body.ts'
import { acceptDeps, noteKeyUse, sendIntake, sha256, verifyDeps } from './deps.ts'
import type { Env } from './env.ts'
import { answer, contextOf, parseEvents, parseOutcomes } from './events.ts'
import { tellIntake } from './intake.ts'
import { takeRequest } from './rate-limit.ts'
import { parseLogs } from './logs.ts'
import { parseMetrics } from './metrics.ts'
import { holdLogs, meterPoints, tellCalls } from './signals.ts'
import { answerOtlp, encodingOf } from './otlp.ts'
import { parseTraces } from './traces.ts'

const IDEMPOTENCY_KEY_CHARS_MAX = 200
const RETRY_SECONDS = 2

/** A request whose key may ingest. */
export interface Incoming {
  key: KeyRecord
  body: Uint8Array
  /** What makes two requests the same batch, where that is not their bytes. */
  identity?: string
  nowMs: number
}

/** `POST /v1/events`. */
export async function postEvents(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  return postBatch(request, env, ctx, parseEvents, '')
}

/** `POST /v1/outcomes`: how runs really ended, as events of their own. */
export async function postOutcomes(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  return postBatch(request, env, ctx, parseOutcomes, 'outcomes\n')
}

/** @param space keeps a client's Idempotency-Key apart from the same one of another endpoint. */
async function postBatch(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  parse: typeof parseEvents,
  space: string,
): Promise<Response> {
  const incoming = await admit(request, env, ctx)
  const context = contextOf(incoming.key, incoming.nowMs, sha256)
  const batch = parse(incoming.body, request.headers.get('content-type') ?? '', context)
  const accepted = await makeDurable(request, env, ctx, incoming, batch.events, space)
  return Response.json(answer(batch, accepted?.receipt_id ?? null), { status: 202 })
}

/** `POST /v1/traces` (OTLP/HTTP). */
export async function postTraces(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const encoding = encodingOf(request.headers.get('content-type') ?? '')
  const incoming = await admit(request, env, ctx)
  const batch = parseTraces(incoming.body, encoding, contextOf(incoming.key, incoming.nowMs, sha256))
  await tellCalls(env, incoming.key, 'spans', batch.calls)
  const accepted = await makeDurable(request, env, ctx, incoming, batch.events)
  return answerOtlp('traces', encoding, batch, { receiptId: accepted?.receipt_id })
}

/** `POST /v1/logs` (OTLP/HTTP). */
export async function postLogs(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const encoding = encodingOf(request.headers.get('content-type') ?? '')
  const incoming = await admit(request, env, ctx)
  const batch = parseLogs(incoming.body, encoding, contextOf(incoming.key, incoming.nowMs, sha256))
  await tellCalls(env, incoming.key, 'logs', batch.calls)
  await holdLogs(env, incoming, batch.retold)
  const accepted = await makeDurable(request, env, ctx, incoming, batch.events)
  return answerOtlp('logs', encoding, batch, { receiptId: accepted?.receipt_id, leftOut: batch.leftOut })
}

/** `POST /v1/metrics` (OTLP/HTTP). */
export async function postMetrics(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const encoding = encodingOf(request.headers.get('content-type') ?? '')
  const incoming = await admit(request, env, ctx)
  const batch = parseMetrics(incoming.body, encoding, contextOf(incoming.key, incoming.nowMs, sha256))
  await meterPoints(env, incoming, batch.groups)
  return answerOtlp('metrics', encoding, batch, { leftOut: batch.leftOut })
}

async function admit(request: Request, env: Env, ctx: ExecutionContext): Promise<Incoming> {
  const key = await admitKey(keyInHeaders(request.headers), env, ctx)
  return { key, body: await readBody(request), nowMs: Date.now() }
}

/** The record of a key that may send one more request now. @throws AppError unauthenticated, forbidden, limit_exceeded. */
export async function admitKey(credential: string | null, env: Env, ctx: ExecutionContext): Promise<KeyRecord> {
  const nowMs = Date.now()
  const key = await verifyKey(verifyDeps(env, nowMs), credential, 'ingest')
  const noted = noteKeyUse(env, key, nowMs)
  if (noted !== null) ctx.waitUntil(noted)
  await takeRequest(env.INGEST_LIMIT, Number(env.INGEST_REQUESTS_PER_10S), key.key_id, nowMs)
  return key
}

/** Null where there is nothing to keep. @throws AppError unavailable: nothing was accepted. */
export async function makeDurable(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  incoming: Incoming,
  events: CanonicalEvent[],
  space = '',
): Promise<Accepted | null> {
  if (events.length === 0) return null
  const { key, body, nowMs } = incoming
  const idempotencyKey = request.headers.get('idempotency-key')
  if (idempotencyKey !== null && (idempotencyKey.length === 0 || idempotencyKey.length > IDEMPOTENCY_KEY_CHARS_MAX)) {
    throw new AppError('invalid_input', `Idempotency-Key must have 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} characters.`, {
      errors: [{ pointer: 'header/Idempotency-Key', detail: 'wrong length' }],
    })
  }
  let accepted: Accepted
  try {
    const identity = idempotencyKey === null ? (incoming.identity ?? body) : space + idempotencyKey
    const accepting = acceptEvents(acceptDeps(env, key), key, events, identity, nowMs)
    // Others may ride along: a client that goes away must not take them with it.
    ctx.waitUntil(accepting.catch(() => {}))
    accepted = await accepting
  } catch (error) {
    throw new AppError('unavailable', 'The batch could not be stored and was not accepted. Send it again.', {
      cause: error,
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
  ctx.waitUntil(
    tellIntake(key.project_id, accepted.entries, (entries) => sendIntake(env, key, entries), nowMs).catch(() => {}),
  )
  return accepted
}
