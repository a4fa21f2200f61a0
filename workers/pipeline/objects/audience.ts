import type { LiveMessage } from '../../contract/live.ts'
import type { Ring, RingEntry } from './ring.ts'

/** Messages go out at most this often to each listener. */
const COALESCE_MS = 250
const EVENTS_PER_MESSAGE = 200
/** A listener that acknowledges may be this many messages behind before it is held back … */
const UNACKED_MAX = 64
/** … and this long before it is let go. */
const HELD_MS_MAX = 60_000
/** A listener that never acknowledges gets this many messages in all; then it must connect again. */
const SILENT_MESSAGES_MAX = 20_000
const INBOUND_CHARS_MAX = 16_384

/** What a listener is owed; kept with its socket, so that it outlives hibernation. */
interface Listener {
  cursor: number
  sent: number
  acked: number | null
  heldSince: number | null
}

/** The people who watch a project, each at its own pace. */
export class Audience {
  private readonly ctx: DurableObjectState
  private readonly ring: Ring
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(ctx: DurableObjectState, ring: Ring) {
    this.ctx = ctx
    this.ring = ring
  }

  /** Greets a new listener and replays what follows its cursor; `gap` says that some of it is gone. */
  welcome(socket: WebSocket, cursor: number | null): void {
    this.ctx.acceptWebSocket(socket)
    const last = this.ring.last()
    const from = cursor === null ? last : Math.min(cursor, last)
    const gap = cursor !== null && (cursor > last || cursor < this.ring.first() - 1)
    const missed = this.ring.after(from)
    const listener: Listener = { cursor: from, sent: 0, acked: null, heldSince: null }
    this.send(socket, { type: 'hello', cursor: from, replayed: missed.length, gap })
    this.deliver(socket, listener, missed)
  }

  /** Something was published: tell everybody soon, together with what else comes by then. */
  announce(): void {
    if (this.timer !== null || this.ctx.getWebSockets().length === 0) return
    this.timer = setTimeout(() => {
      this.timer = null
      for (const socket of this.ctx.getWebSockets()) {
        const listener = listenerOf(socket)
        if (listener) this.deliver(socket, listener, this.ring.after(listener.cursor))
      }
    }, COALESCE_MS)
  }

  hear(socket: WebSocket, message: string | ArrayBuffer): void {
    const listener = listenerOf(socket)
    const cursor = typeof message === 'string' && message.length <= INBOUND_CHARS_MAX ? ackedCursor(message) : null
    if (listener === null || cursor === null) return socket.close(1008, 'send {"type":"ack","cursor":n}')
    listener.acked = listener.sent
    listener.heldSince = null
    this.deliver(socket, listener, this.ring.after(listener.cursor))
  }

  private deliver(socket: WebSocket, listener: Listener, entries: RingEntry[]): void {
    if (entries.length > 0 && !this.isHeld(socket, listener)) {
      const events = entries.flatMap((entry) => entry.events)
      const omitted =
        entries.reduce((sum, entry) => sum + entry.omitted, 0) + Math.max(0, events.length - EVENTS_PER_MESSAGE)
      const last = entries.at(-1)
      listener.cursor = last?.seq ?? listener.cursor
      listener.sent++
      // The latest are the ones that a listener wants when not all fit.
      this.send(socket, {
        type: 'events',
        cursor: listener.cursor,
        at_ms: last?.at_ms ?? 0,
        events: events.slice(-EVENTS_PER_MESSAGE),
        omitted,
      })
    }
    socket.serializeAttachment(listener)
  }

  private isHeld(socket: WebSocket, listener: Listener): boolean {
    if (listener.acked === null) {
      if (listener.sent < SILENT_MESSAGES_MAX) return false
      socket.close(1013, 'acknowledge what you read, or connect again')
      return true
    }
    if (listener.sent - listener.acked < UNACKED_MAX) return false
    const now = Date.now()
    if (listener.heldSince === null) {
      listener.heldSince = now
      this.send(socket, { type: 'slow', cursor: listener.cursor, detail: 'You are behind; acknowledge to go on.' })
    } else if (now - listener.heldSince > HELD_MS_MAX) socket.close(1013, 'too slow')
    return true
  }

  private send(socket: WebSocket, message: LiveMessage): void {
    try {
      socket.send(JSON.stringify(message))
    } catch {
      // The listener is gone; its close event cleans up.
    }
  }
}

function listenerOf(socket: WebSocket): Listener | null {
  return socket.deserializeAttachment() as Listener | null
}

function ackedCursor(message: string): number | null {
  try {
    const parsed = JSON.parse(message) as { type?: unknown; cursor?: unknown } | null
    return parsed?.type === 'ack' && typeof parsed.cursor === 'number' ? parsed.cursor : null
  } catch {
    return null
  }
}
