import type { AgentOps } from './client.ts'
import type { ReserveAnswer } from './contract.ts'
import { observedEvents } from './event-stream.ts'
import { GuardDenied } from './guard.ts'
import { allowedTools, nameOf, permit, type ModelCall, type ModelGuard, type Permit } from './model-guard.ts'
import { responseIdOf, type Fields, type Span } from './span.ts'
import { factsOf } from './usage.ts'

export type { GuardedWork, ModelCall, ModelGuard } from './model-guard.ts'

export interface ObserveOptions extends ModelGuard {
  /** As events name it; else by the path: `anthropic` for messages, `openai` for the others. */
  provider?: string
  /** What the events of all calls say besides. */
  fields?: Fields
  /** The fetch beneath. */
  fetch?: typeof fetch
  /**
   * OpenAI counts streamed chat completions only when it is asked to: true (the default for `openai`) asks, and keeps
   * the one event more that it then sends from the reader.
   */
  streamUsage?: boolean
}

const CALLS = /\/(chat\/completions|completions|responses|embeddings|messages)$/

/**
 * A `fetch` that reports each call of a model as an event: each try of it, streamed or not. Other requests pass. With
 * `guard`, calls are asked for first; one that is refused is answered 403 without being sent, with the guard's own
 * answer in its body, and clients do not try it again.
 */
export function observedFetch(agent: AgentOps, options: ObserveOptions = {}): typeof fetch {
  const send = options.fetch
  const beneath: typeof fetch = (input, init) => (send ?? fetch)(input, init)
  return async (input, init) => {
    const call = await callOf(input, init, options)
    if (call === null) return beneath(input, init)
    const span = agent.span('agent.step', {
      step: call.model,
      provider: call.provider,
      model: call.model,
      ...(call.attempt > 0 && { attempt: call.attempt }),
      ...options.fields,
    })
    try {
      const permitted = await permit(agent, span, call, options)
      const asked = bodyOf(call, permitted, options)
      return await answered(await beneath(call.url, { ...call.init, body: asked.body }), span, asked.isUsageOurs)
    } catch (error) {
      span.end(error)
      if (error instanceof GuardDenied) return denial(error)
      throw error
    }
  }
}

interface HttpCall extends ModelCall {
  url: string
  init: RequestInit
  attempt: number
}

/** Null for what is no call of a model, or none that can be read. */
async function callOf(
  input: Request | URL | string,
  init: RequestInit | undefined,
  options: ObserveOptions,
): Promise<HttpCall | null> {
  const isRequest = typeof input === 'object' && 'url' in input
  const url = isRequest ? input.url : String(input)
  const [, path] = CALLS.exec(url.split(/[?#]/)[0] ?? '') ?? []
  const method = init?.method ?? (isRequest ? input.method : 'GET')
  if (path === undefined || method.toUpperCase() !== 'POST') return null
  const given: unknown = init?.body ?? (isRequest ? await input.clone().text() : undefined)
  const text = given instanceof Uint8Array ? new TextDecoder().decode(given) : given
  if (typeof text !== 'string') return null
  let body: Record<string, unknown>
  try {
    body = JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
  const { model } = body
  if (typeof model !== 'string') return null
  const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined))
  return {
    url,
    init: { ...(isRequest && { signal: input.signal }), ...init, method, headers: lengthless(headers) },
    attempt: Number(headers.get('x-stainless-retry-count') ?? 0) || 0,
    provider: options.provider ?? (path === 'messages' ? 'anthropic' : 'openai'),
    model,
    body,
  }
}

/** The body may change its length. */
function lengthless(headers: Headers): Headers {
  headers.delete('content-length')
  return headers
}

/** The request's body after the guard; `isUsageOurs` when only we asked for the usage of a stream. */
function bodyOf(
  call: HttpCall,
  { model, toolsAllowed }: Permit,
  options: ObserveOptions,
): { body: string; isUsageOurs: boolean } {
  const body: Record<string, unknown> = { ...call.body, model }
  if (toolsAllowed !== null && Array.isArray(body['tools'])) limitTools(body, body['tools'], toolsAllowed)
  const asks = options.streamUsage ?? call.provider === 'openai'
  const given = body['stream_options'] as { include_usage?: boolean } | null | undefined
  const isUsageOurs =
    asks && body['stream'] === true && call.url.includes('/chat/completions') && given?.include_usage === undefined
  if (isUsageOurs) body['stream_options'] = { ...given, include_usage: true }
  return { body: JSON.stringify(body), isUsageOurs }
}

/** A model cannot call what it is not offered. */
function limitTools(body: Record<string, unknown>, tools: unknown[], allowed: string[]): void {
  const kept = allowedTools(tools, allowed)
  const choice = body['tool_choice']
  const chosen = typeof choice === 'object' ? nameOf(choice) : undefined
  if (kept.length > 0) body['tools'] = kept
  else delete body['tools']
  if (kept.length === 0 || (typeof chosen === 'string' && !allowed.includes(chosen))) delete body['tool_choice']
}

async function answered(response: Response, span: Span, isUsageOurs: boolean): Promise<Response> {
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true
  if (isStream && response.ok && response.body !== null) {
    const { status, statusText, headers } = response
    const hide = (event: Record<string, unknown>) =>
      isUsageOurs && event['usage'] != null && Array.isArray(event['choices']) && event['choices'].length === 0
    return new Response(observedEvents(response.body, span, hide), { status, statusText, headers })
  }
  const said = parsed(await response.clone().text())
  if (response.ok) {
    const { responseId, ...facts } = factsOf(said)
    span.set({ ...facts, ...(responseId !== undefined && { attributes: responseIdOf(responseId) }) })
    span.end()
  } else {
    const error = (said as { error?: unknown } | null)?.error
    span.end({
      status: response.status,
      ...(typeof error === 'object' ? error : { message: typeof error === 'string' ? error : '' }),
    })
  }
  return response
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** In the form of both OpenAI and Anthropic, whose clients make an error of it. */
function denial({ answer, message }: GuardDenied): Response {
  const error = { type: 'agentops_denied', code: answer.reason, message, agentops: answer }
  return Response.json({ type: 'error', error }, { status: 403, headers: { 'x-should-retry': 'false' } })
}

/** The guard's answer in an error of a client whose call was refused; null for any other error. */
export function denialOf(error: unknown): ReserveAnswer | null {
  if (error instanceof GuardDenied) return error.answer
  const body = (error as { error?: Denied } | null | undefined)?.error
  return body?.agentops ?? body?.error?.agentops ?? null
}

interface Denied {
  agentops?: ReserveAnswer
  error?: { agentops?: ReserveAnswer }
}
