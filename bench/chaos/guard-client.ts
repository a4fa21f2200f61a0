import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../examples/fleet/random.ts'

/** What was never answered, and was not sent again. */
export const GAVE_UP = Symbol('gave up')

export interface GuardClient {
  /** Requests that got no answer, or one that says to come again. */
  retried: number
  /**
   * Sends the same body until it is answered. `patience` is the probability of going on after a connection that broke.
   * @throws when the server refuses for good, or when the time is over.
   */
  tell<T>(path: string, body: object, random: Random, patience?: number): Promise<T | typeof GAVE_UP>
}

const RETRY_MS = 150
const RETRY_MS_MAX = 3000
const ANSWER_MS_MAX = 10_000

/** What sends the requests of all agents, with one key of their project. */
export function guardClient(url: string, key: string, endMs: number): GuardClient {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const client: GuardClient = {
    retried: 0,
    async tell<T>(path: string, body: object, random: Random, patience = 1) {
      const text = JSON.stringify(body)
      // A thousand agents that ask on and on would take the cores from the server that comes back.
      for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_MS_MAX)) {
        const answer = await post(url + path, headers, text)
        if (answer !== null && isAnswered(answer)) return JSON.parse(answer.text) as T
        client.retried++
        if (answer === null && !random.chance(patience)) return GAVE_UP
        if (Date.now() > endMs) throw new Error(`${path} has no answer: ${answer?.text ?? 'the connection broke'}`)
        await sleep(random.integer(pauseMs / 2, pauseMs))
      }
    },
  }
  return client
}

interface Posted {
  status: number
  text: string
}

/** Null when nobody knows whether it arrived. */
async function post(url: string, headers: Record<string, string>, body: string): Promise<Posted | null> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const answer = await fetch(url, { method: 'POST', headers, body, signal })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return null
  }
}

/** An agent whose budget cannot be reached asks again, with the same key. */
function isAnswered({ status, text }: Posted): boolean {
  if (status === 429 || status >= 500) return false
  if (status !== 200 && status !== 202) throw new Error(`refused: ${status} ${text.slice(0, 300)}`)
  const { reason, rejected } = JSON.parse(text) as { reason?: string | null; rejected?: unknown[] }
  if (rejected !== undefined && rejected.length > 0) throw new Error(`rejected events: ${text.slice(0, 300)}`)
  return reason !== 'unreachable_open' && reason !== 'unreachable_closed'
}
