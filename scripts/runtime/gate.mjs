// The local front line, in the place that Cloudflare's own network has when deployed: it lets requests through to the
// edge Worker once the databases are migrated, packs scripts and styles, and refuses new ones while the server shuts down.
import { WorkerEntrypoint } from 'cloudflare:workers'
import { answerReload, withReload } from './live-reload.mjs'

let state = 'starting'
let inFlight = 0

const refusal = () =>
  Response.json(
    { type: 'about:blank', title: 'Service unavailable', status: 503, detail: `The server is ${state}.` },
    {
      status: 503,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '1', 'x-request-id': crypto.randomUUID() },
    },
  )

/** Scripts and styles go out packed, as Cloudflare packs them; pages do not, whose parts must leave as they come. */
function packed(request, answer) {
  const { pathname } = new URL(request.url)
  const isText = /^(text\/(javascript|css)|image\/svg)/.test(answer.headers.get('content-type') ?? '')
  const isTaken = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  if (!isText || !isTaken || answer.status !== 200 || !pathname.startsWith('/_app/')) return answer
  const headers = new Headers(answer.headers)
  headers.delete('content-length')
  headers.set('content-encoding', 'gzip')
  headers.append('vary', 'accept-encoding')
  return new Response(answer.body, { headers })
}

export default {
  async fetch(request, env) {
    if (state !== 'open') return refusal()
    inFlight++
    try {
      if (!env.LIVE_RELOAD) return packed(request, await env.EDGE.fetch(request))
      return answerReload(request) ?? withReload(await env.EDGE.fetch(request))
    } finally {
      inFlight--
    }
  },
}

/** What the process that owns the runtime may ask; listens on a loopback port of its own. */
export class Control extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/open') state = 'open'
    if (pathname === '/close') state = 'shutting down'
    return Response.json({
      state,
      in_flight: inFlight,
      backlog: pathname === '/backlog' ? await this.env.PIPELINE.backlog() : undefined,
    })
  }
}
