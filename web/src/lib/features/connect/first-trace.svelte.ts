import { LiveMessage } from '../../../../../workers/contract/live.ts'
import type { TraceSummary } from '../../../../../workers/contract/trace.ts'

/** While the socket is open, a look now and then covers what it may have missed. */
const LOOK_MS = { listening: 15_000, polling: 2500 } as const
/** The trace is readable a moment after it is told of. */
const AFTER_TOLD_MS = [0, 300, 800, 1500, 3000]

export type Listening = 'connecting' | 'listening' | 'polling'

/** A trace, and which client told of it, where that is known. */
export interface Seen {
  trace: TraceSummary
  from: string | null
}

/** Waits for a project's next trace, which may be its first: the live feed tells of it, or a look at the list finds it. */
export class FirstTrace {
  seen = $state.raw<Seen | null>(null)
  /** Whether it came while one waited. */
  isNew = $state(false)
  how = $state<Listening>('connecting')

  #url: string
  #look: () => Promise<Seen | null>
  #socket: WebSocket | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #over = false

  constructor(url: string, look: () => Promise<Seen | null>, first: Seen | null) {
    this.#url = url
    this.#look = look
    this.seen = first
  }

  /** Waits until a trace is there that was not, or the returned function is called. */
  start(): () => void {
    this.#listen()
    void this.#poll()
    return () => this.#end()
  }

  #listen(): void {
    try {
      this.#socket = new WebSocket(this.#url)
    } catch {
      this.how = 'polling'
      return
    }
    this.#socket.onopen = () => (this.how = 'listening')
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === 'string' && isEvents(data)) void this.#told()
    }
    this.#socket.onclose = () => {
      if (this.#over) return
      this.how = 'polling'
      this.#later()
    }
  }

  async #told(): Promise<void> {
    for (const wait of AFTER_TOLD_MS) {
      await new Promise((done) => setTimeout(done, wait))
      if (this.#over || (await this.#seen())) return
    }
  }

  async #poll(): Promise<void> {
    if (!document.hidden && (await this.#seen())) return
    this.#later()
  }

  #later(): void {
    clearTimeout(this.#timer)
    if (!this.#over)
      this.#timer = setTimeout(() => void this.#poll(), LOOK_MS[this.how === 'listening' ? 'listening' : 'polling'])
  }

  async #seen(): Promise<boolean> {
    const found = await this.#look().catch(() => null)
    if (found === null || this.#over || found.trace.trace_id === this.seen?.trace.trace_id) return this.#over
    this.seen = found
    this.isNew = true
    this.#end()
    return true
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#socket?.close()
  }
}

function isEvents(data: string): boolean {
  try {
    const message = LiveMessage.safeParse(JSON.parse(data))
    return message.success && message.data.type === 'events'
  } catch {
    return false
  }
}
