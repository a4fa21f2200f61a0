import type * as z from 'zod'
import {
  ReserveBatch,
  SettleRequest,
  Work,
  type GuardRpc,
  type ReserveAnswer,
  type ReserveBatchAnswer,
} from '../contract/guard.ts'
import type { KeyRecord, ProjectTenant } from '../contract/tenant.ts'
import { subjectOf, unreachable } from '../domain/budget/fallback.ts'
import { keyInHeaders } from '../domain/credential.ts'
import { AppError } from '../domain/errors.ts'
import { verifyKey } from '../services/key/verify.ts'
import { asText, readBody } from './body.ts'
import { fallbackOf, guardOf, noteKeyUse, sha256, verifyDeps } from './deps.ts'
import type { Env } from './env.ts'

/** An agent waits for its answer: longer than this it is as good as none. */
const ANSWER_MS_MAX = 2_000

/** `POST /v1/guard/reserve`: one piece of work, or several of which all are let in or none. */
export async function postReserve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { key, body } = await admit(request, env, ctx)
  if (typeof body === 'object' && body !== null && 'reservations' in body) {
    const { reservations } = parsed(ReserveBatch, body)
    return Response.json(await reserve(env, key, reservations))
  }
  const { reservations, ...answer } = await reserve(env, key, [parsed(Work, body)])
  const [made] = reservations
  const single: ReserveAnswer = {
    ...answer,
    reservation_id: made?.reservation_id ?? null,
    expires_at: made?.expires_at ?? null,
    controls: made?.controls ?? null,
  }
  return Response.json(single)
}

/** `POST /v1/guard/settle`. */
export async function postSettle(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { key, body } = await admit(request, env, ctx)
  const settlement = parsed(SettleRequest, body)
  let settled: Awaited<ReturnType<GuardRpc['settle']>>
  try {
    settled = await soon(guardOf(env, key).settle(tenantOf(key), settlement))
  } catch (error) {
    throw new AppError('unavailable', 'The budgets cannot be reached and nothing was noted: settle it again.', {
      cause: error,
      retryAfterSeconds: 2,
    })
  }
  if (settled === null) throw new AppError('not_found', 'There is no such reservation in this project.')
  return Response.json(settled)
}

async function reserve(env: Env, key: KeyRecord, works: Work[]): Promise<ReserveBatchAnswer> {
  try {
    return await soon(guardOf(env, key).reserve(tenantOf(key), works))
  } catch {
    const subjects = works.map((work) => subjectOf(key, work))
    const mode = unreachable(await fallbackOf(env, key.org_id), key.org_id, subjects, sha256)
    return {
      decision: mode === 'open' ? 'allow' : 'deny',
      reservations: [],
      reason: mode === 'open' ? 'unreachable_open' : 'unreachable_closed',
      detail:
        mode === 'open'
          ? 'The budgets cannot be reached. No budget of this work refuses then: go on, and report what it cost.'
          : 'The budgets cannot be reached, and a budget of this work refuses then. Try again soon.',
      refused_by: [],
      downgrade_to: null,
      approval_id: null,
      budgets: [],
      holders: [],
      error_type: mode === 'open' ? null : 'dependency_unavailable',
      control_id: null,
      retry_at: null,
      refused_work: null,
    }
  }
}

async function admit(request: Request, env: Env, ctx: ExecutionContext): Promise<{ key: KeyRecord; body: unknown }> {
  const nowMs = Date.now()
  const key = await verifyKey(verifyDeps(env, nowMs), keyInHeaders(request.headers), 'guard')
  const noted = noteKeyUse(env, key, nowMs)
  if (noted !== null) ctx.waitUntil(noted)
  try {
    return { key, body: JSON.parse(asText(await readBody(request))) as unknown }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('unreadable', 'The body is not JSON.')
  }
}

function parsed<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const errors = result.error.issues.map(({ path, message }) => ({
    pointer: `/${path.map(String).join('/')}`,
    detail: message,
  }))
  const [first] = errors
  throw new AppError('invalid_input', first ? `${first.pointer}: ${first.detail}` : 'The body is not valid.', {
    errors,
  })
}

function tenantOf({ org_id, cell, shard, workspace_id, project_id }: KeyRecord): ProjectTenant {
  return { org_id, cell, shard, workspace_id, project_id }
}

async function soon<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
