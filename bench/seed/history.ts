import { tracesOfHour } from '../../examples/fleet/fleet.ts'
import { eventsOf } from '../../examples/fleet/native.ts'
import { Buffer } from '../load/buffer.ts'
import { Connection, postHead } from '../load/connection.ts'

const HOUR_MS = 3_600_000
const DAYS = 30
const EVENTS_A_TRACE = 11
const BATCH_EVENTS = 500
const LANES = 8

/** Sends about this many events, spread over the last 30 days as the demo fleet spreads them. Returns how many. */
export async function sendHistory(url: string, key: string, events: number): Promise<number> {
  const target = new URL(`${url}/v1/events`)
  const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const options = { seed: 11, tracesPerDay: Math.round(events / EVENTS_A_TRACE / DAYS) }
  let hour = nowMs - DAYS * 24 * HOUR_MS
  let sent = 0
  const lane = async () => {
    const connection = new Connection(target)
    while (hour < nowMs) {
      const own = tracesOfHour(hour, options).flatMap(eventsOf)
      hour += HOUR_MS
      for (let i = 0; i < own.length; i += BATCH_EVENTS) {
        await send(connection, target, key, own.slice(i, i + BATCH_EVENTS))
      }
      sent += own.length
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return sent
}

async function send(connection: Connection, url: URL, key: string, events: unknown[]): Promise<void> {
  const body = Buffer.from(JSON.stringify({ events }))
  const head = postHead(url, body.length, { authorization: `Bearer ${key}`, 'content-type': 'application/json' })
  const { status, body: answer } = await connection.send(Buffer.concat([head, body]))
  if (status !== 202) throw new Error(`/v1/events answered ${status}: ${answer.toString().slice(0, 300)}`)
}
