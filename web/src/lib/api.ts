import type { z } from 'zod'
import { Problem } from '../../../workers/contract/problem.ts'

/** What the API refused, in its own words. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
    this.problem = problem
  }
}

type Fetch = typeof fetch

/** Typed calls of our own API: the same paths in the browser and on the server, every answer parsed. */
export function api(fetch: Fetch) {
  const call = async <T extends z.ZodType>(method: string, path: string, schema: T, body?: unknown): Promise<z.infer<T>> => {
    const init: RequestInit = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(path, init)
    if (!response.ok) throw new ApiError(await problemOf(response))
    return schema.parse(await response.json())
  }
  return {
    get: <T extends z.ZodType>(path: string, schema: T) => call('GET', path, schema),
    post: <T extends z.ZodType>(path: string, schema: T, body?: unknown) => call('POST', path, schema, body),
    patch: <T extends z.ZodType>(path: string, schema: T, body: unknown) => call('PATCH', path, schema, body),
    delete: <T extends z.ZodType>(path: string, schema: T) => call('DELETE', path, schema),
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const parsed = Problem.safeParse(await response.json().catch(() => null))
  if (parsed.success) return parsed.data
  return {
    type: 'about:blank', title: 'The server did not answer as it should', status: response.status, code: 'internal',
    detail: `The server answered ${response.status}.`, instance: response.headers.get('x-request-id') ?? '',
  }
}
