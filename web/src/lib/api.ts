import type * as z from 'zod'
import { Problem } from '../../../workers/contract/problem.ts'

/** An error that the API answered, or that stands for no answer at all. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem, cause?: unknown) {
    super(problem.detail, { cause })
    this.name = 'ApiError'
    this.problem = problem
  }

  get status(): number {
    return this.problem.status
  }

  get requestId(): string {
    return this.problem.instance
  }

  /** What is wrong with one field of the body, by its name. */
  field(name: string): string | undefined {
    return this.problem.errors?.find(({ pointer }) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))?.detail
  }
}

export interface CallOptions {
  signal?: AbortSignal
}

/** The API of the product: answers are parsed with the contract's schemas, errors are `ApiError`. */
export interface Api {
  get<S extends z.ZodType>(path: string, schema: S, options?: CallOptions): Promise<z.infer<S>>
  post<S extends z.ZodType>(path: string, schema: S, body?: unknown, options?: CallOptions): Promise<z.infer<S>>
  put<S extends z.ZodType>(path: string, schema: S, body: unknown, options?: CallOptions): Promise<z.infer<S>>
  patch<S extends z.ZodType>(path: string, schema: S, body: unknown, options?: CallOptions): Promise<z.infer<S>>
  delete<S extends z.ZodType>(path: string, schema: S, body?: unknown, options?: CallOptions): Promise<z.infer<S>>
}

/**
 * A client over `fetch`: the one of a load function or the browser's own. On the server, the hook
 * `handleFetch` carries its calls to the API by a service binding, with the visitor's cookie.
 */
export function api(fetch: typeof globalThis.fetch): Api {
  return {
    get: (path, schema, options) => call(fetch, 'GET', path, schema, undefined, options),
    post: (path, schema, body = {}, options) => call(fetch, 'POST', path, schema, body, options),
    put: (path, schema, body, options) => call(fetch, 'PUT', path, schema, body, options),
    patch: (path, schema, body, options) => call(fetch, 'PATCH', path, schema, body, options),
    delete: (path, schema, body, options) => call(fetch, 'DELETE', path, schema, body, options),
  }
}

/** `/api/v1/projects/:id/…` with its parts escaped. */
export function projectPath(projectId: string, ...rest: string[]): string {
  return ['/api/v1/projects', ...[projectId, ...rest].map(encodeURIComponent)].join('/')
}

/** `/api/v1/orgs/:org/…` with its parts escaped. */
export function orgPath(org: string, ...rest: string[]): string {
  return ['/api/v1/orgs', ...[org, ...rest].map(encodeURIComponent)].join('/')
}

async function call<S extends z.ZodType>(
  fetch: typeof globalThis.fetch,
  method: string,
  path: string,
  schema: S,
  body: unknown,
  { signal }: CallOptions = {},
): Promise<z.infer<S>> {
  const response = await reach(fetch, path, {
    method,
    headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  })
  const text = await response.text()
  if (!response.ok) throw new ApiError(problemOf(response, text))
  const parsed = schema.safeParse(json(text))
  if (parsed.success) return parsed.data
  throw new ApiError(strange(response, 'The server’s answer has an unexpected form.'), parsed.error)
}

async function reach(fetch: typeof globalThis.fetch, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    const detail = 'The server could not be reached. Check the connection and try again.'
    throw new ApiError(
      { type: 'about:blank', title: 'No answer', status: 503, detail, instance: '', code: 'unreachable' },
      cause,
    )
  }
}

function problemOf(response: Response, text: string): Problem {
  const parsed = Problem.safeParse(json(text))
  return parsed.success ? parsed.data : strange(response, `The server answered ${response.status}.`)
}

function strange(response: Response, detail: string): Problem {
  const status = response.ok ? 502 : response.status
  return {
    type: 'about:blank',
    title: 'Unexpected answer',
    status,
    detail,
    instance: requestIdOf(response),
    code: 'unexpected',
  }
}

function requestIdOf(response: Response): string {
  return response.headers.get('x-request-id') ?? ''
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
