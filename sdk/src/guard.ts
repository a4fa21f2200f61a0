import type { Problem, ReserveAnswer, SettleAnswer, SettleRequest, Work } from './contract.ts'
import { jitterOf, retryAfterOf } from './transport.ts'
import type { Timers } from './timers.ts'

export interface GuardOptions {
  url: string
  key: string
  fetch: typeof fetch
  timers: Timers
  /** What work may do when nobody can be asked. */
  onUnreachable: 'open' | 'closed'
  /** An agent waits for the answer: longer than this counts as none, in milliseconds. */
  guardMs: number
  onError(error: Error): void
}

/** The guard said no. `answer` says which budget or control, and what may help: another model, an approval, later. */
export class GuardDenied extends Error {
  readonly answer: ReserveAnswer

  constructor(answer: ReserveAnswer) {
    super(answer.detail ?? `The guard refuses: ${answer.reason ?? answer.decision}.`)
    this.name = 'GuardDenied'
    this.answer = answer
  }
}

const SETTLE_ATTEMPTS_MAX = 5

/** Asks before work, and tells afterwards what it was. */
export class Guard {
  readonly #options: GuardOptions
  readonly #settling = new Set<Promise<unknown>>()

  constructor(options: GuardOptions) {
    this.#options = options
  }

  /** Never throws: where nobody can be asked, `onUnreachable` decides, and `reason` says so. */
  async reserve(work: Work): Promise<ReserveAnswer> {
    try {
      const response = await this.#post('/v1/guard/reserve', work)
      if (response.ok) return JSON.parse(await response.text()) as ReserveAnswer
      throw await failureOf(response)
    } catch (error) {
      this.#options.onError(asError(error))
      return unreachable(this.#options.onUnreachable, String(error))
    }
  }

  /** The same, and throws GuardDenied unless it is allowed. */
  async require(work: Work): Promise<ReserveAnswer> {
    const answer = await this.reserve(work)
    if (answer.decision !== 'allow') throw new GuardDenied(answer)
    return answer
  }

  /** Tells what it cost, again after failures; twice is once. Null when it could not be told. */
  settle(request: SettleRequest): Promise<SettleAnswer | null> {
    const settled = this.#settle(request)
    this.#settling.add(settled)
    return settled.finally(() => this.#settling.delete(settled))
  }

  /** Resolves when nothing is being settled. */
  async idle(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling)
  }

  async #settle(request: SettleRequest): Promise<SettleAnswer | null> {
    for (let attempt = 0; ; attempt++) {
      let retryAfterMs = 0
      try {
        const response = await this.#post('/v1/guard/settle', request)
        if (response.ok) return JSON.parse(await response.text()) as SettleAnswer
        retryAfterMs = retryAfterOf(response.headers.get('retry-after'), Date.now())
        const error = await failureOf(response)
        if (attempt + 1 === SETTLE_ATTEMPTS_MAX || (response.status < 500 && response.status !== 429)) {
          this.#options.onError(error)
          return null
        }
      } catch (error) {
        if (attempt + 1 === SETTLE_ATTEMPTS_MAX) {
          this.#options.onError(asError(error))
          return null
        }
      }
      await this.#options.timers.sleep(retryAfterMs + jitterOf(attempt, Math.random()))
    }
  }

  #post(path: string, body: object): Promise<Response> {
    const { fetch, url, key, guardMs } = this.#options
    return fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(guardMs),
    })
  }
}

async function failureOf(response: Response): Promise<Error> {
  const text = await response.text()
  let detail = text.slice(0, 300)
  try {
    detail = (JSON.parse(text) as Problem).detail ?? detail
  } catch {
    // Not a problem document: its text has to do.
  }
  return new Error(`the guard answered ${response.status}: ${detail}`)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function unreachable(mode: 'open' | 'closed', why: string): ReserveAnswer {
  return {
    decision: mode === 'open' ? 'allow' : 'deny',
    reservation_id: null,
    expires_at: null,
    reason: mode === 'open' ? 'unreachable_open' : 'unreachable_closed',
    detail: `The guard could not be asked (${why}).`,
    refused_by: [],
    downgrade_to: null,
    approval_id: null,
    budgets: [],
    holders: [],
    error_type: mode === 'open' ? null : 'dependency_unavailable',
    control_id: null,
    retry_at: null,
    refused_work: null,
    controls: null,
  }
}

/** The same text for the same arguments, whatever order their names come in; null where there is nothing to hash with. */
export async function hashOf(args: unknown): Promise<string | null> {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(args, sorted))
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    return [...digest.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  } catch {
    return null
  }
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
