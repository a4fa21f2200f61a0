import type { DeliveryResult, TakenDelivery } from '../../contract/notify.ts'
import { mailOf, pagerDutyOf, slackOf, webhookOf } from '../../domain/notify/render.ts'
import type { Mail } from '../../services/member/store.ts'
import { guardedFetch } from '../http/guarded-fetch.ts'
import { signatureHeaders } from './sign.ts'

const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue'
/** Asked to come again: too early, too many, or not able just now. */
const AGAIN = new Set([408, 425, 429])
const GONE = 410

export interface SendTools {
  sendMail: (mail: Mail) => Promise<void>
  /** The addresses of those who own the organization. */
  owners: () => Promise<string[]>
  /** Whether URLs may lead to this machine. */
  loopback: boolean
  fetch: typeof fetch
  now: () => number
}

/** Tells a channel once. Never throws: what went wrong is the result. */
export async function sendDelivery(taken: TakenDelivery, tools: SendTools): Promise<DeliveryResult> {
  const { settings, message, origin } = taken
  switch (settings.type) {
    case 'owners':
      return mailed(taken, await tools.owners(), tools)
    case 'email':
      return mailed(taken, settings.to, tools)
    case 'slack':
      return posted(settings.url, JSON.stringify(slackOf(message, origin)), {}, tools)
    case 'pagerduty':
      return posted(
        PAGERDUTY_URL,
        JSON.stringify(pagerDutyOf(message, settings.routing_key, origin, taken.id)),
        {},
        tools,
      )
    case 'webhook': {
      const body = JSON.stringify(webhookOf(message, origin))
      const headers = signatureHeaders(taken.id, Math.floor(tools.now() / 1000), body, taken.signing_secrets)
      return posted(settings.url, body, headers, tools)
    }
  }
}

async function posted(
  url: string,
  body: string,
  headers: Record<string, string>,
  { loopback, fetch, now }: SendTools,
): Promise<DeliveryResult> {
  const all = { 'content-type': 'application/json', 'user-agent': 'AgentOps', ...headers }
  const reached = await guardedFetch(url, loopback, { method: 'POST', body, headers: all }, fetch)
  if (!reached.ok) return failed(null, reached.detail, reached.reason === 'unreachable')
  const { response } = reached
  // What it says is nobody's business here, and unbounded.
  await response.body?.cancel()
  if (response.ok) return { ok: true, status_code: response.status }
  const { status } = response
  const host = new URL(url).host
  const isRedirect = status >= 300 && status < 400
  const words = isRedirect ? `${host} answered ${status}: redirects are not followed.` : `${host} answered ${status}.`
  return {
    ...failed(status, words, AGAIN.has(status) || status >= 500),
    retry_after_s: retryAfterOf(response.headers.get('retry-after'), now()),
    gone: status === GONE,
  }
}

async function mailed(taken: TakenDelivery, to: readonly string[], { sendMail }: SendTools): Promise<DeliveryResult> {
  const mail = mailOf(taken.message, taken.origin)
  if (to.length === 0) return failed(null, 'There is no address to send it to.', false)
  const sent = await Promise.allSettled(to.map((address) => sendMail({ to: address, ...mail })))
  const lost = sent.filter(({ status }) => status === 'rejected').length
  // Whoever has it is not told again: the others are, by the channel's health.
  if (lost === 0) return { ok: true, status_code: null }
  const words =
    lost === to.length ? 'The mail could not be sent.' : `${lost} of ${to.length} addresses could not be reached.`
  return failed(null, words, lost === to.length)
}

function failed(status_code: number | null, error: string, again: boolean): DeliveryResult & { ok: false } {
  return { ok: false, status_code, error, again, retry_after_s: null, gone: false }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterOf(text: string | null, nowMs: number): number | null {
  if (text === null) return null
  const seconds = /^\d{1,6}$/.test(text.trim()) ? Number(text) : (Date.parse(text) - nowMs) / 1000
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : null
}
