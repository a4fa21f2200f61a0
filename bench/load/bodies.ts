import { Buffer } from './buffer.ts'
import { tracesOfHour } from '../../examples/fleet/fleet.ts'
import { eventsOf, type FleetEvent } from '../../examples/fleet/native.ts'

/**
 * A request body that is made once and sent many times: writing a serial number over the first digits of its trace
 * ids makes it another batch of other traces, and its times are moved to the moment of sending, as an agent's are.
 */
export interface Template {
  bytes: Buffer
  /** Where the serial goes. */
  offsets: number[]
  /** Where times go, and how long before the sending each was. */
  times: { offset: number; agoMs: number }[]
  events: number
  /** Events with tokens or a cost of their own: each is one ledger entry. */
  entries: number
  traces: number
  /** Trace ids without their first digits. */
  traceIds: string[]
}

export const SERIAL_DIGITS = 8
const MARK = '"trace_id":"'
const TIME_MARK = '"timestamp":'
/** Of times in milliseconds, until the year 2286. */
const TIME_DIGITS = 13
const HOUR_MS = 3_600_000
const SHIFT_MS_MAX = 50_000
/** Nine of ten traces of the fleet have so many events. */
const USUAL_EVENTS = { least: 9, most: 14 }

/** Bodies of whole traces of the demo fleet, moved to the minute before `nowMs`, with `eventsEach` events each. */
export function makeTemplates(count: number, eventsEach: number, nowMs: number): Template[] {
  const traces = fleetTraces(nowMs)
  const waiting: FleetEvent[][] = []
  return Array.from({ length: count }, () => templateOf(fill(traces, waiting, eventsEach), nowMs))
}

export function templateOf(events: readonly FleetEvent[], nowMs: number): Template {
  const bytes = Buffer.from(JSON.stringify({ events }))
  const offsets = placesAfter(bytes, MARK)
  const times = placesAfter(bytes, TIME_MARK).map((offset) => ({
    offset,
    agoMs: nowMs - Number(bytes.toString('latin1', offset, offset + TIME_DIGITS)),
  }))
  const traceIds = [...new Set(events.map((event) => event.trace_id.slice(SERIAL_DIGITS)))]
  const entries = events.filter((event) => (event['tokens_prompt'] ?? event['cost_usd']) !== undefined).length
  return { bytes, offsets, times, events: events.length, entries, traces: traceIds.length, traceIds }
}

function placesAfter(bytes: Buffer, mark: string): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) places.push(at + mark.length)
  return places
}

/** Writes a template with this serial, as of this moment, into `target` at `start`. */
export function stamp({ bytes, offsets, times }: Template, serial: number, target: Buffer, start: number): void {
  bytes.copy(target, start)
  const digits = serialOf(serial)
  for (const offset of offsets) target.write(digits, start + offset, SERIAL_DIGITS, 'latin1')
  const nowMs = Date.now()
  for (const { offset, agoMs } of times) target.write(String(nowMs - agoMs), start + offset, TIME_DIGITS, 'latin1')
}

/** The first digits of the trace ids of a batch. */
export function serialOf(serial: number): string {
  return serial.toString(16).padStart(SERIAL_DIGITS, '0')
}

/** So many events in whole traces: those that do not fit wait for the next body, so that the mix stays the fleet's. */
function fill(traces: Generator<FleetEvent[], void>, waiting: FleetEvent[][], count: number): FleetEvent[] {
  const body: FleetEvent[] = []
  const fits = (trace: FleetEvent[]) => canFill(count - body.length - trace.length)
  while (body.length < count) {
    const at = waiting.findIndex(fits)
    const next = at >= 0 ? waiting.splice(at, 1)[0] : traces.next().value
    if (next === undefined) throw new Error('the fleet ran dry')
    if (fits(next)) body.push(...next)
    else waiting.push(next)
  }
  return body
}

/** Whether so many events are some traces of the usual sizes. */
function canFill(events: number): boolean {
  return events >= 0 && Math.ceil(events / USUAL_EVENTS.most) * USUAL_EVENTS.least <= events
}

function* fleetTraces(nowMs: number): Generator<FleetEvent[], void> {
  for (let hour = Math.floor(nowMs / HOUR_MS) * HOUR_MS; ; hour -= HOUR_MS) {
    for (const trace of tracesOfHour(hour, { seed: 7, tracesPerDay: 20_000 })) {
      if (trace.endMs - trace.startMs > SHIFT_MS_MAX) continue
      const shift = nowMs - trace.endMs
      yield eventsOf(trace).map((event) => ({ ...event, timestamp: event.timestamp + shift }))
    }
  }
}
