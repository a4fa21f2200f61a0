import { setTimeout as sleep } from 'node:timers/promises'
import { randomOf } from '../../examples/fleet/random.ts'
import { chaosBatches } from './batches.ts'
import { Totals } from './totals.ts'

export interface SenderOptions {
  url: string
  key: string
  seed: number
  name: string
  lanes: number
}

export interface Sender {
  totals: Totals
  /** Requests that got no 202 and were sent again. */
  retried: number
  /** Batches that were sent again although they had been acknowledged. */
  repeated: number
  /** No new batches; resolves when every batch that was ever sent is acknowledged. */
  finish(): Promise<void>
}

const RETRY_MS = 60
const REPEAT_SHARE = 0.06
const KEPT_MAX = 400
const ANSWER_MS_MAX = 8000

/** A client that never gives up: what was not acknowledged is sent again with the same body, before anything new. */
export function startSender(options: SenderOptions): Sender {
  const sender: Sender & { stopping: boolean } = {
    totals: new Totals(),
    retried: 0,
    repeated: 0,
    stopping: false,
    async finish() {
      sender.stopping = true
      await done
    },
  }
  const done = Promise.all(Array.from({ length: options.lanes }, (_, i) => lane(options, i, sender)))
  return sender
}

async function lane(options: SenderOptions, index: number, sender: Sender & { stopping: boolean }): Promise<void> {
  const next = chaosBatches(options.seed, `${options.name} ${index}`, Date.now())
  const random = randomOf(options.seed, 'repeats', options.name, index)
  const kept: string[] = []
  while (!sender.stopping) {
    const batch = next()
    await untilAcknowledged(options, batch.body, sender)
    batch.count(sender.totals)
    if (kept.length < KEPT_MAX) kept.push(batch.body)
    if (random.chance(REPEAT_SHARE)) {
      await untilAcknowledged(options, random.pick(kept), sender)
      sender.repeated++
    }
  }
}

async function untilAcknowledged(options: SenderOptions, body: string, sender: Sender): Promise<void> {
  while (!(await post(options, body))) {
    sender.retried++
    await sleep(RETRY_MS)
  }
}

/** Whether the server said 202 for the whole batch. @throws when it refuses for good. */
async function post({ url, key }: SenderOptions, body: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body, signal })
    const text = await answer.text()
    if (answer.status === 202) return accepted(text)
    if (answer.status !== 429 && answer.status < 500) throw new Refused(`${answer.status} ${text.slice(0, 300)}`)
  } catch (error) {
    if (error instanceof Refused) throw error
  }
  return false
}

class Refused extends Error {}

function accepted(text: string): boolean {
  const { rejected } = JSON.parse(text) as { rejected: unknown[] }
  if (rejected.length > 0) throw new Refused(`rejected events: ${text.slice(0, 300)}`)
  return true
}
