import { AppError } from '../../domain/errors.ts'
import { isPlainObject } from '../../domain/event-check.ts'
import { fromHelicone } from '../../domain/wire/helicone.ts'
import { fromLiteLlm } from '../../domain/wire/litellm.ts'
import { fromPostHog } from '../../domain/wire/posthog.ts'
import { timeOf } from '../../domain/wire/read.ts'
import { asText } from '../body.ts'
import { sha256 } from '../deps.ts'
import { assertAnyTaken, receiptHeaders, refusalsOf, type Taken } from './answer.ts'
import { jsonOf } from './json.ts'
import { postWire } from './post.ts'

const ID_CHARS = 32

/** `POST /v1/litellm`, for LiteLLM's callback `generic_api`: an array, one object, or a line for each. */
export const postLiteLlm = postWire({
  client: 'litellm',
  isJoined: true,
  read: (body) => fromLiteLlm(objectsIn(asText(body))),
  answer: (taken) => {
    assertAnyTaken(taken)
    const rejected = refusalsOf(taken)
    return Response.json({ accepted: taken.count - taken.refused.size, rejected }, { headers: receiptHeaders(taken) })
  },
})

/** `POST /custom/v1/log`, of Helicone's manual logger. */
export const postHelicone = postWire({
  client: 'helicone',
  isJoined: true,
  read: (body, request) => {
    const log = jsonOf(body)
    if (!isPlainObject(log)) throw new AppError('unreadable', 'The body must be a log, as a JSON object.')
    return fromHelicone(log, Object.fromEntries(request.headers), sha256(asText(body)).slice(0, ID_CHARS))
  },
  answer: done({}),
})

/** `POST /batch/` and what else PostHog's clients capture by. Their key is in the body. */
export const postPostHog = postWire({
  client: 'posthog',
  isJoined: true,
  keyIn: (_, body) => {
    const parsed = jsonOf(body)
    const key = isPlainObject(parsed) ? (parsed.api_key ?? parsed.token) : undefined
    return typeof key === 'string' ? key : null
  },
  read: (body) => {
    const parsed = jsonOf(body)
    if (!isPlainObject(parsed)) throw new AppError('unreadable', 'The body must be {"api_key": …, "batch": […]}.')
    const batch = parsed.batch ?? [parsed]
    if (!Array.isArray(batch)) throw new AppError('unreadable', '"batch" must be an array.')
    return fromPostHog(batch, timeOf(parsed.sent_at) ?? Date.now())
  },
  answer: done({ status: 1 }),
})

function done(body: Record<string, unknown>) {
  return (taken: Taken): Response => {
    assertAnyTaken(taken)
    const rejected = refusalsOf(taken)
    return Response.json({ ...body, ...(rejected.length > 0 && { rejected }) }, { headers: receiptHeaders(taken) })
  }
}

function objectsIn(text: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? parsed : [parsed]
  } catch {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(lineOf)
  }
}

function lineOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new AppError('unreadable', 'The body must be a JSON array, one JSON object, or a JSON object a line.')
  }
}
