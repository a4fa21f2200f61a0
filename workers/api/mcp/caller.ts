import type * as z from 'zod'
import { Problem } from '../../contract/problem.ts'
import { AppError } from '../../domain/errors.ts'
import { MISSING, type Actor, type AppContext } from '../context.ts'
import type { App } from '../route.ts'

/** Asks one of our own routes, in the name of whoever asks; POST where there is a body. @throws Refused. */
export type Ask = <S extends z.ZodType>(path: string, answer: S, body?: object) => Promise<z.infer<S>>

/** Who calls a tool, and how it may look for an answer. */
export interface Caller {
  ask: Ask
  actor: Actor
  /** Of the dashboard, which is served beside this. */
  origin: string
  nowMs: number
}

/** What a route answered instead of what was asked for. */
export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'Refused'
    this.problem = problem
  }
}

/** By which a route knows who asks and from where; the rest of a request is about its own body. */
const CARRIED = [
  'authorization',
  'x-api-key',
  'api_key',
  'api-key',
  'helicone-auth',
  'cookie',
  'origin',
  'sec-fetch-site',
  'cf-connecting-ip',
  'user-agent',
] as const

/** Asks within this Worker, with the caller's own credentials: what they may see is decided where it always is. */
export function askerOf(app: App, c: AppContext): Ask {
  const headers = new Headers({ 'x-request-id': c.get('requestId') })
  for (const name of CARRIED) {
    const value = c.req.header(name)
    if (value !== undefined) headers.set(name, value)
  }
  return async (path, answer, body) => {
    const asked = new Request(new URL(path, c.req.url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? headers : new Headers([...headers, ['content-type', 'application/json']]),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const response = await app.fetch(asked, c.env, c.executionCtx)
    const told: unknown = await response.json()
    if (!response.ok) throw new Refused(Problem.parse(told))
    return answer.parse(told)
  }
}

/** A path with ids in it. @throws AppError not_found for what would lead to another path, which no id does. */
export function at(parts: TemplateStringsArray, ...ids: string[]): string {
  for (const id of ids) if (/^\.{0,2}$/.test(id)) throw new AppError('not_found', MISSING)
  return String.raw({ raw: parts }, ...ids.map(encodeURIComponent))
}

/** A query string of what was said; empty where nothing was. */
export function queryOf(said: Record<string, string | number | readonly string[] | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(said))
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
      if (one !== undefined) query.append(name, String(one))
  return query.size === 0 ? '' : `?${query.toString()}`
}
