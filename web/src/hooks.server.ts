import type { Handle, HandleFetch, HandleServerError, RequestEvent } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import { isZone } from '$lib/zone.ts'
import { passCookies } from '$lib/server/cookies.ts'
import { account, type Me } from '$lib/tenancy.ts'
import { parseTheme, THEME_COOKIE, ZONE_COOKIE } from '$lib/theme.ts'

/** Set by the API on sign-in; its absence spares a call. */
const SESSION_COOKIE = /(^|;\s*)((__Secure-)?agentops\.session_token|agentops\.report)=/
/** With what a browser draws a report (workers/domain/report/pass.ts). */
const PASS_COOKIE = 'agentops.report'
const FORWARDED = ['user-agent', 'accept-language', 'cf-connecting-ip', 'x-forwarded-for', 'x-real-ip']

/** Resolves who is signed in and what they prefer, and keeps every page out of shared caches. */
export const handle: Handle = async ({ event, resolve }) => {
  const { cookies, locals, request } = event
  locals.request_id = request.headers.get('x-request-id') ?? crypto.randomUUID()
  locals.printing = cookies.get(PASS_COOKIE) !== undefined
  locals.theme = parseTheme(cookies.get(THEME_COOKIE))
  const zone = cookies.get(ZONE_COOKIE)
  locals.zone = zone !== undefined && isZone(zone) ? zone : 'UTC'
  locals.me = SESSION_COOKIE.test(request.headers.get('cookie') ?? '') ? await whoIs(event) : null
  const response = await resolve(event, {
    transformPageChunk: ({ html }) => html.replace('%theme%', locals.theme),
    filterSerializedResponseHeaders: (name) => name === 'x-request-id' || name === 'content-type',
    preload: ({ type, path }) => type !== 'font' || path.includes('inter-latin-wght'),
  })
  response.headers.set('cache-control', 'private, no-store')
  return response
}

/** Calls of our own API go straight to its Worker, as the visitor who is being served. */
export const handleFetch: HandleFetch = async ({ event, request, fetch }) => {
  const url = new URL(request.url)
  if (url.origin !== event.url.origin || !url.pathname.startsWith('/api/')) return fetch(request)
  if (!event.platform) throw new Error('the API is reached by a service binding, which only a Worker has')
  const headers = new Headers(request.headers)
  for (const name of FORWARDED) {
    const value = event.request.headers.get(name)
    if (value !== null && !headers.has(name)) headers.set(name, value)
  }
  const cookies = event.cookies.getAll().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
  if (cookies.length > 0) headers.set('cookie', cookies.join('; '))
  headers.set('origin', event.url.origin)
  headers.set('x-request-id', event.locals.request_id)
  return event.platform.env.API.fetch(new Request(request, { headers }))
}

/** What broke is for the log; the visitor gets the id under which it lies there. */
export const handleError: HandleServerError = ({ error, event, status }) => {
  const { request_id } = event.locals
  if (status === 404) return { message: 'There is no such page.', request_id }
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  console.error(JSON.stringify({ level: 'error', worker: 'web', request_id, route: event.route.id, cause }))
  return { message: 'Something broke on our side. Try again; if it lasts, quote the request id.', request_id }
}

/** Asked first in a request: what the API sets now, such as the session's renewed cache, spares the calls after it. */
async function whoIs({ fetch, cookies }: RequestEvent): Promise<Me | null> {
  const fetchAndKeep: typeof fetch = async (...request) => {
    const response = await fetch(...request)
    passCookies(response, cookies)
    return response
  }
  try {
    return await account(api(fetchAndKeep)).me()
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null
    throw error
  }
}
