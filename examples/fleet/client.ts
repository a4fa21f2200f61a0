import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FleetEvent } from './native.ts'

export interface EventsClient {
  url: string
  key: string
}

/** A request may hold more; this is what an agent's SDK would send at most. */
export const BATCH_EVENTS_MAX = 500
const ATTEMPTS_MAX = 10
const pack = promisify(gzip)

/** Sends one batch to `POST /v1/events` and waits as the server asks. @throws when it was not accepted whole. */
export async function sendEvents({ url, key }: EventsClient, events: readonly FleetEvent[]): Promise<void> {
  const body = await pack(JSON.stringify({ events }))
  for (let attempt = 1; ; attempt++) {
    const answer = await post(`${url}/v1/events`, key, body)
    if (answer?.status === 202) {
      const { rejected } = await answer.json<{ rejected: { index: number; detail: string }[] }>()
      if (rejected.length > 0)
        throw new Error(`the server rejected ${rejected.length} events, first: ${JSON.stringify(rejected[0])}`)
      return
    }
    const text = await answer?.text()
    const retryable = answer === undefined || answer.status === 429 || answer.status >= 500
    if (!retryable || attempt === ATTEMPTS_MAX)
      throw new Error(`POST /v1/events answered ${answer?.status ?? 'nothing'}: ${text?.slice(0, 300) ?? ''}`)
    const seconds = Number(answer?.headers.get('retry-after') ?? 0)
    await sleep(seconds > 0 ? seconds * 1000 : Math.min(10_000, 200 * 2 ** attempt))
  }
}

/** Undefined when the connection failed. */
async function post(url: string, key: string, body: Uint8Array): Promise<Response | undefined> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: body as BodyInit,
      signal: AbortSignal.timeout(30_000),
    })
  } catch {
    return undefined
  }
}
