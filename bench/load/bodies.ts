import { Buffer } from './buffer.ts'
import { tracesOfHour } from '../../examples/fleet/fleet.ts'
import { eventsOf, type FleetEvent } from '../../examples/fleet/native.ts'

/**
 * A request body that is made once and sent many times: writing a serial number over the first digits of its trace
 * ids makes it another batch of other traces, at the price of a hundred small writes.
 */
export interface Template {
  bytes: Buffer
  /** Where the serial goes. */
  offsets: number[]
  events: number
  /** Events with a model and tokens: each is one ledger entry. */
  entries: number
  traces: number
  /** Trace ids without their first digits. */
  traceIds: string[]
}

export const SERIAL_DIGITS = 8
const MARK = '"trace_id":"'
const HOUR_MS = 3_600_000
const SHIFT_MS_MAX = 50_000

/** Bodies of whole traces of the demo fleet, moved to the minute before `nowMs`, with `eventsEach` events each. */
export function makeTemplates(count: number, eventsEach: number, nowMs: number): Template[] {
  const stream = fleetEvents(nowMs)
  return Array.from({ length: count }, () => templateOf(take(stream, eventsEach)))
}

export function templateOf(events: readonly FleetEvent[]): Template {
  const bytes = Buffer.from(JSON.stringify({ events }))
  const offsets: number[] = []
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) offsets.push(at + MARK.length)
  const traceIds = [...new Set(events.map((event) => event.trace_id.slice(SERIAL_DIGITS)))]
  const entries = events.filter((event) => event['tokens_prompt'] !== undefined).length
  return { bytes, offsets, events: events.length, entries, traces: traceIds.length, traceIds }
}

/** Writes a template with this serial into `target` at `start`. */
export function stamp({ bytes, offsets }: Template, serial: number, target: Buffer, start: number): void {
  bytes.copy(target, start)
  const digits = serialOf(serial)
  for (const offset of offsets) target.write(digits, start + offset, SERIAL_DIGITS, 'latin1')
}

/** The first digits of the trace ids of a batch. */
export function serialOf(serial: number): string {
  return serial.toString(16).padStart(SERIAL_DIGITS, '0')
}

function take(stream: Generator<FleetEvent, void>, count: number): FleetEvent[] {
  return Array.from({ length: count }, () => {
    const next = stream.next()
    if (next.done) throw new Error('the fleet ran dry')
    return next.value
  })
}

function* fleetEvents(nowMs: number): Generator<FleetEvent, void> {
  for (let hour = Math.floor(nowMs / HOUR_MS) * HOUR_MS; ; hour -= HOUR_MS) {
    for (const trace of tracesOfHour(hour, { seed: 7, tracesPerDay: 20_000 })) {
      if (trace.endMs - trace.startMs > SHIFT_MS_MAX) continue
      const shift = nowMs - trace.endMs
      for (const event of eventsOf(trace)) yield { ...event, timestamp: event.timestamp + shift }
    }
  }
}
