import { navigating } from '$app/state'

/** A refresh that comes while somebody is on the way to another page would take them back: it waits so long. */
const UNDER_WAY_MS = 500

/** Whether a page may be asked for its data anew: it is seen, and nobody is about to leave it. */
export function mayRefresh(): boolean {
  return !document.hidden && navigating.to === null
}

/**
 * Calls `refresh` again and again while the page is seen: never twice at once, not at all while the tab is hidden or
 * another page is on its way, and at once when it is seen again after a missed turn. Returns the end of it.
 */
export function refreshEvery(ms: number, refresh: () => Promise<unknown>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let due = 0
  let ended = false

  async function turn(): Promise<void> {
    clearTimeout(timer)
    if (ended || document.hidden) return
    const wait = due - Date.now()
    if (wait <= 0 && !mayRefresh()) due = Date.now() + UNDER_WAY_MS
    else if (wait <= 0) {
      due = Date.now() + ms
      await refresh().catch(() => undefined)
      due = Date.now() + ms
    }
    if (!ended) timer = setTimeout(() => void turn(), Math.max(50, due - Date.now()))
  }

  due = Date.now() + ms
  const seen = () => void turn()
  document.addEventListener('visibilitychange', seen)
  void turn()
  return () => {
    ended = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', seen)
  }
}
