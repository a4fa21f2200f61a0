interface Exits {
  /** Flushes while the process has nothing else to do. */
  flush: () => Promise<boolean>
  /** The same, for the last time. */
  close: () => Promise<boolean>
  leave: (forGood: boolean) => void
  isIdle: () => boolean
}

interface ProcessLike {
  on?(event: string, listener: () => void): unknown
  off?(event: string, listener: () => void): unknown
  listenerCount?(event: string): number
  kill?(pid: number, signal: string): unknown
  pid?: number
}

interface Page {
  document?: {
    visibilityState?: string
    addEventListener(type: string, listener: () => void): void
    removeEventListener(type: string, listener: () => void): void
  }
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
  process?: ProcessLike
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Sends what waits when a process or a page ends. Returns how to let go of it. */
export function onExit(exits: Exits): () => void {
  const scope = globalThis as unknown as Page
  return scope.document === undefined ? ofProcess(scope.process, exits) : ofPage(scope, exits)
}

function ofPage(scope: Page, { leave }: Exits): () => void {
  const { document } = scope
  const hidden = () => {
    if (document?.visibilityState === 'hidden') leave(false)
  }
  const gone = () => leave(true)
  document?.addEventListener('visibilitychange', hidden)
  scope.addEventListener?.('pagehide', gone)
  return () => {
    document?.removeEventListener('visibilitychange', hidden)
    scope.removeEventListener?.('pagehide', gone)
  }
}

/** Clients of one process listen together and end together: none of them ends it while another still sends. */
const clients = new Map<Exits, { isTired: boolean }>()
let release: (() => void) | undefined

function ofProcess(process: ProcessLike | undefined, exits: Exits): () => void {
  if (typeof process?.on !== 'function' || typeof process.off !== 'function') return () => {}
  clients.set(exits, { isTired: false })
  release ??= listen(process)
  return () => {
    clients.delete(exits)
    if (clients.size > 0) return
    release?.()
    release = undefined
  }
}

function listen(process: ProcessLike): () => void {
  const on = (event: string, listener: () => void) => {
    process.on?.(event, listener)
    return () => void process.off?.(event, listener)
  }
  const undo = [on('beforeExit', flushAll)]
  for (const signal of SIGNALS) {
    const off = on(signal, () => {
      off()
      // Whoever else listens ends the process at its own time; alone, we do what the signal would have done.
      const isAlone = process.listenerCount?.(signal) === 0
      void Promise.allSettled([...clients.keys()].map(({ close }) => close())).then(() => {
        if (isAlone && process.pid !== undefined) process.kill?.(process.pid, signal)
      })
    })
    undo.push(off)
  }
  return () => {
    for (const off of undo) off()
  }
}

function flushAll(): void {
  for (const [{ flush, isIdle }, state] of clients) {
    // It comes again after work that it began: a server that does not answer must not keep the process for ever.
    if (!state.isTired && !isIdle()) void flush().then((done) => (state.isTired = !done))
  }
}
