import { keyInHeaders } from '../../domain/credential.ts'
import { AppError } from '../../domain/errors.ts'
import { RunBook } from '../../domain/wire/book.ts'
import { judge } from '../../domain/wire/judge.ts'
import type { Messages } from '../../domain/wire/operation.ts'
import { readBody } from '../body.ts'
import { runsOf, sha256 } from '../deps.ts'
import type { Env } from '../env.ts'
import { contextOf, EVENTS_MAX } from '../events.ts'
import { admitKey, makeDurable } from '../ingest.ts'
import type { Taken } from './answer.ts'

/** How one client of another protocol is understood and answered. */
export interface Protocol {
  client: string
  /** It tells of one run in several requests. */
  isJoined: boolean
  /** The key where it is in no header; asked with the body, which is bounded. */
  keyIn?: (request: Request, body: Uint8Array) => string | null
  /** @throws AppError unreadable. */
  read(body: Uint8Array, request: Request): Messages | Promise<Messages>
  answer(taken: Taken, messages: Messages): Response
}

const RETRY_SECONDS = 2

/** Reads a request, joins what it tells to what is known, and answers once its events are durable. */
export function postWire(protocol: Protocol) {
  return async (request: Request, env: Env, ctx: ExecutionContext): Promise<Response> => {
    const inHeaders = keyInHeaders(request.headers)
    const early = inHeaders === null && protocol.keyIn ? await readBody(request) : null
    const credential = early && protocol.keyIn ? protocol.keyIn(request, early) : inHeaders
    const key = await admitKey(credential, env, ctx)
    const body = early ?? (await readBody(request))
    const nowMs = Date.now()
    const messages = await protocol.read(body, request)
    if (messages.count > EVENTS_MAX)
      throw new AppError('too_large', `More than ${EVENTS_MAX} messages in one request: send smaller batches.`)
    const { client } = protocol
    const runs = protocol.isJoined ? runsOf(env, key) : null
    const facts = messages.operations.map((operation) => operation.facts)
    const known =
      runs && facts.length > 0 ? await orRetry(runs.joinRuns(client, facts)) : new RunBook().join(client, facts, nowMs)
    const judged = judge(client, messages, known, contextOf(key, nowMs, sha256))
    // The same runs come in another body when they are sent again.
    const identity = `wire ${client}\n${JSON.stringify(judged.events)}`
    const accepted = await makeDurable(
      request,
      env,
      ctx,
      { key, body, nowMs, identity },
      judged.events,
      `wire ${client}\n`,
    )
    if (runs && judged.marks.length > 0) ctx.waitUntil(runs.tellRuns(client, judged.marks).catch(() => {}))
    return protocol.answer({ ...judged, count: messages.count, receiptId: accepted?.receipt_id ?? null }, messages)
  }
}

/** Without what is known of them, calls would have no model and runs no trace: the client sends them again. */
async function orRetry<T>(joining: Promise<T>): Promise<T> {
  try {
    return await joining
  } catch (error) {
    throw new AppError('unavailable', 'The batch could not be read in full and was not accepted. Send it again.', {
      cause: error,
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
}
