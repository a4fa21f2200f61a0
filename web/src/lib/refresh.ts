/**
 * Calls `refresh` again and again while the page is seen: never twice at once, not at all while the
 * tab is hidden, and at once when it is seen again after a missed turn. Returns the end of it.
 */
export function refreshEvery(ms: number, refresh: () => Promise<unknown>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let due = 0
  let ended = false

  async function turn(): Promise<void> {
    clearTimeout(timer)
    if (ended || document.hidden) return
    const wait = due - Date.now()
    if (wait <= 0) {
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
