import type { AgentEvent } from './contract.ts'

/** Why an event was not delivered. `rejected`: the server refused it alone; `refused`: it refused the whole batch. */
export type DropReason = 'buffer_full' | 'unserializable' | 'rejected' | 'refused' | 'gave_up' | 'closed'
export type Drops = Partial<Record<DropReason, number>>

/** The attribute in which the next batch tells of events that were dropped since the one before, by reason. */
export const DROPPED_ATTRIBUTE = 'agentops.sdk.dropped'

export interface OutboxLimits {
  batchEvents: number
  batchBytes: number
  bufferBytes: number
}

const NEWLINE = 10
/** The longest name that the server takes; see ID_CHARS_MAX of its contract. */
const NAME_CHARS_MAX = 200
const TEXT_CHARS_MAX = 32_768
const WITHOUT_CONTENT = { input: undefined, output: undefined, attributes: { 'agentops.sdk.unserializable': true } }
const UNCUT = new Set(['trace_id', 'span_id', 'parent_span_id', 'input', 'output'])

/**
 * Events that wait, as UTF-8 JSON, within a limit of bytes that counts what is under way too. What does not fit is
 * dropped, newest first, and counted.
 */
export class Outbox {
  readonly #limits: OutboxLimits
  readonly #encoder = new TextEncoder()
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #underWayBytes = 0
  #untold: Drops = {}

  constructor(limits: OutboxLimits) {
    this.#limits = limits
  }

  get events(): number {
    return this.#waiting.length
  }

  get bytes(): number {
    return this.#waitingBytes + this.#underWayBytes
  }

  /** Whether a batch is full, by number or by bytes. */
  get isDue(): boolean {
    return this.#waiting.length >= this.#limits.batchEvents || this.#waitingBytes >= this.#limits.batchBytes
  }

  /** Null when it was taken; else why not. */
  add(event: AgentEvent): DropReason | null {
    const text = textOf(event)
    if (text === null) return 'unserializable'
    const line = this.#encoder.encode(text)
    if (this.bytes + line.length + 1 > this.#limits.bufferBytes) return 'buffer_full'
    this.#waiting.push(line)
    this.#waitingBytes += line.length + 1
    return null
  }

  /** What the next batch has to tell. */
  note(reason: DropReason, events: number): void {
    this.#untold[reason] = (this.#untold[reason] ?? 0) + events
  }

  /** Takes the oldest events as NDJSON, as many as a batch may hold; null when none wait. Their bytes stay counted. */
  take(bytesMax: number = this.#limits.batchBytes): { body: Uint8Array<ArrayBuffer>; events: number } | null {
    let events = 0
    let bytes = 0
    for (const line of this.#waiting) {
      if (events > 0 && (events >= this.#limits.batchEvents || bytes + line.length + 1 > bytesMax)) break
      bytes += line.length + 1
      events++
    }
    if (events === 0) return null
    const lines = this.#waiting.splice(0, events)
    this.#waitingBytes -= bytes
    this.#underWayBytes += bytes
    return { body: joined(this.#withNews(lines)), events }
  }

  /** A batch is done with: its bytes are free. */
  release(bytes: number): void {
    this.#underWayBytes = Math.max(0, this.#underWayBytes - bytes)
  }

  #withNews(lines: Uint8Array[]): Uint8Array[] {
    const [first] = lines
    if (first === undefined || Object.keys(this.#untold).length === 0) return lines
    const event = JSON.parse(new TextDecoder().decode(first)) as AgentEvent
    event.attributes = { ...event.attributes, [DROPPED_ATTRIBUTE]: this.#untold }
    this.#untold = {}
    const told = this.#encoder.encode(JSON.stringify(event))
    this.#underWayBytes += told.length - first.length
    return [told, ...lines.slice(1)]
  }
}

function joined(lines: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(lines.reduce((bytes, line) => bytes + line.length + 1, 0))
  let at = 0
  for (const line of lines) {
    body.set(line, at)
    at += line.length
    body[at++] = NEWLINE
  }
  return body
}

/** Content that is no JSON (a cycle, a bigint) is left out rather than the event lost. */
function textOf(event: AgentEvent): string | null {
  const cut = withinLimits(event)
  try {
    return JSON.stringify(cut)
  } catch {
    try {
      return JSON.stringify({ ...cut, ...WITHOUT_CONTENT })
    } catch {
      return null
    }
  }
}

/** Cuts names and texts that the server would refuse the event for. */
function withinLimits(event: AgentEvent): AgentEvent {
  let cut: Record<string, unknown> | null = null
  for (const [name, value] of Object.entries(event)) {
    if (typeof value !== 'string' || value.length <= NAME_CHARS_MAX || UNCUT.has(name)) continue
    cut ??= { ...event }
    cut[name] = value.slice(0, name === 'error_message' ? TEXT_CHARS_MAX : NAME_CHARS_MAX)
  }
  return cut === null ? event : (cut as AgentEvent)
}
