import { LiveMessage } from '../../../../../workers/contract/live.ts'
import {
  backoffMs,
  passes,
  prepend,
  ratePerSecond,
  recentArrivals,
  ROWS_MAX,
  type Connection,
  type LiveFilter,
  type LiveRow,
} from './feed.ts'

/** Acks are sent at most this often. */
const ACK_MS_MIN = 200
const REFUSALS_MAX = 3
/** A quiet connection is asked for a sign of life, and given up when there is none. */
const PING_AFTER_MS = 20_000
const DEAD_AFTER_MS = 45_000

/**
 * The live feed of one project: a socket that comes back by itself where it left off, and the rows
 * that are seen. What arrives while the list is held (paused, or scrolled away from the top) waits.
 */
export class LiveFeed {
  connection = $state<Connection>('connecting')
  rows = $state.raw<LiveRow[]>([])
  held = $state.raw<LiveRow[]>([])
  paused = $state(false)
  /** The reader is further down: new rows would move what is being read. */
  away = $state(false)
  rate = $state(0)
  received = $state(0)
  omitted = $state(0)
  /** Events between two connections could not be replayed. */
  gap = $state(false)
  notice = $state('')

  #url: string
  #probe: () => Promise<boolean>
  #socket: WebSocket | null = null
  #cursor: number | null = null
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #ticker: ReturnType<typeof setInterval> | undefined
  #ackTimer: ReturnType<typeof setTimeout> | undefined
  #arrivals: { at_ms: number; count: number }[] = []
  #openedMs = 0
  #seq = 0
  #heardMs = 0
  #pingedMs = 0
  #replaying = false
  #first = true

  /** `probe` tells whether the reader may still read the project, when the socket only says "closed". */
  constructor(url: string, probe: () => Promise<boolean>) {
    this.#url = url
    this.#probe = probe
  }

  /** Connects, and stays connected until the returned function is called. */
  start(): () => void {
    this.#connect()
    this.#ticker = setInterval(() => this.#tick(), 1000)
    const online = () => this.#connect()
    const offline = () => this.#drop('offline')
    addEventListener('online', online)
    addEventListener('offline', offline)
    return () => {
      removeEventListener('online', online)
      removeEventListener('offline', offline)
      clearInterval(this.#ticker)
      this.#drop('connecting')
    }
  }

  /** Rows that pass the filter. */
  shown(filter: LiveFilter): LiveRow[] {
    return this.rows.filter((row) => passes(row.event, filter))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.release()
  }

  /** Lets what was held into the list. */
  release(): void {
    this.rows = prepend(this.rows, this.held)
    this.held = []
  }

  clear(): void {
    this.rows = []
    this.held = []
    this.gap = false
    this.omitted = 0
  }

  #connect(): void {
    if (!navigator.onLine) return this.#drop('offline')
    this.#drop(this.#attempt === 0 ? 'connecting' : 'reconnecting')
    // From the start of what the feed still holds, so that the list is not empty on a quiet day.
    const socket = new WebSocket(`${this.#url}?cursor=${this.#cursor ?? 0}`)
    this.#socket = socket
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#receive(message.data)
    }
    socket.onclose = () => {
      if (socket === this.#socket) void this.#lost()
    }
  }

  #receive(data: unknown): void {
    this.#heardMs = Date.now()
    if (typeof data !== 'string' || data === 'pong') return
    const message = LiveMessage.safeParse(JSON.parse(data))
    if (!message.success) return
    const first = this.#cursor === null
    this.#cursor = message.data.cursor
    if (message.data.type === 'hello') {
      this.connection = 'live'
      this.#attempt = 0
      this.#openedMs = this.#heardMs
      this.#arrivals = []
      this.gap ||= message.data.gap && !first
      this.#replaying = message.data.replayed > 0
      this.#first = first
    } else if (message.data.type === 'slow') {
      this.notice = message.data.detail
    } else {
      this.#take(message.data.events, message.data.omitted)
      this.#replaying = false
    }
    this.#ackSoon()
  }

  #take(events: LiveRow['event'][], omitted: number): void {
    const rows = events.map((event) => ({ seq: ++this.#seq, event })).reverse()
    this.received += events.length + omitted
    // What is replayed did not just happen; and what lies before the first look was never promised.
    if (!this.#replaying) this.#arrivals.push({ at_ms: Date.now(), count: events.length + omitted })
    if (!this.#replaying || !this.#first) this.omitted += omitted
    if (this.paused || this.away || document.hidden) this.held = prepend(this.held, rows, ROWS_MAX)
    else this.rows = prepend(this.rows, rows)
  }

  /** The server keeps sending to those who say how far they have read. */
  #ackSoon(): void {
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = undefined
      if (this.#socket?.readyState === WebSocket.OPEN)
        this.#socket.send(JSON.stringify({ type: 'ack', cursor: this.#cursor }))
    }, ACK_MS_MIN)
  }

  #tick(): void {
    const now = Date.now()
    this.#arrivals = recentArrivals(this.#arrivals, now)
    this.rate = this.connection === 'live' ? ratePerSecond(this.#arrivals, now, this.#openedMs) : 0
    this.#checkPulse(now)
    if (this.held.length > 0 && !this.paused && !this.away && !document.hidden) this.release()
  }

  #checkPulse(now: number): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    if (now - this.#heardMs > DEAD_AFTER_MS) {
      void this.#lost()
    } else if (now - Math.max(this.#heardMs, this.#pingedMs) > PING_AFTER_MS) {
      this.#pingedMs = now
      this.#socket.send('ping')
    }
  }

  async #lost(): Promise<void> {
    this.#drop(navigator.onLine ? 'reconnecting' : 'offline')
    const attempt = this.#attempt++
    if (attempt >= REFUSALS_MAX && !(await this.#probe())) {
      this.connection = 'refused'
      return
    }
    this.#retry = setTimeout(() => this.#connect(), backoffMs(attempt, Math.random()))
  }

  #drop(next: Connection): void {
    clearTimeout(this.#retry)
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    const socket = this.#socket
    this.#socket = null
    socket?.close()
    this.connection = next
  }
}
