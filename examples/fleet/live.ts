import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from './deliver.ts'
import { liveTrace, type FleetOptions } from './fleet.ts'
import type { Trace } from './model.ts'
import { eventsOf, type FleetEvent } from './native.ts'
import { randomOf } from './random.ts'

export interface LiveOptions extends FleetOptions {
  signal: AbortSignal
  onSent(events: number): void
}

const TICK_MS = 500
/** Mean time between two traces. */
const PACE_MS = 2200

/** Sends traces as they happen, each event in its second, until the signal. */
export async function trickle(to: Delivery, options: LiveOptions): Promise<void> {
  const pending: { atMs: number; events: FleetEvent[]; trace?: Trace }[] = []
  const random = randomOf(options.seed, 'pace', Date.now())
  let nextMs = Date.now()
  let serial = 0
  while (!options.signal.aborted) {
    const nowMs = Date.now()
    for (; nextMs <= nowMs; nextMs += Math.round(-Math.log(1 - random.next()) * PACE_MS)) {
      const trace = liveTrace(nextMs, options, serial++)
      if (trace.instrumentation !== 'native') pending.push({ atMs: trace.endMs, events: [], trace })
      else for (const event of eventsOf(trace)) pending.push({ atMs: event.timestamp, events: [event] })
    }
    await sendDue(to, pending, nowMs, options)
    await sleep(TICK_MS, undefined, { signal: options.signal }).catch(() => {})
  }
}

async function sendDue(
  to: Delivery,
  pending: { atMs: number; events: FleetEvent[]; trace?: Trace }[],
  nowMs: number,
  options: LiveOptions,
): Promise<void> {
  const due = pending.filter((item) => item.atMs <= nowMs)
  if (due.length === 0) return
  pending.splice(0, pending.length, ...pending.filter((item) => item.atMs > nowMs))
  const events = due.flatMap((item) => item.events)
  const traces = due.flatMap((item) => (item.trace ? [item.trace] : []))
  for (const trace of traces) to.record(trace)
  await Promise.all([to.sendEvents(events), to.flush()])
  options.onSent(events.length + traces.length)
}
