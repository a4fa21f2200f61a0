import { listen } from '../../listen.ts'
import { mayRefresh, refreshEvery } from '../../refresh.ts'
import { refreshMs, type TimeRange } from '../filters/range.ts'

/** A view asks a dozen questions: not more often than this, however many events come. */
const HEARD_MS_MIN = 3_000

/**
 * Refreshes a view of a range that is not over: soon after its projects' feeds tell of events, and now and then by
 * itself. Never while the tab is hidden. Returns the end of it.
 */
export function followRange(
  range: TimeRange,
  projectIds: readonly string[],
  refresh: () => Promise<unknown>,
): (() => void) | undefined {
  const every = refreshMs(range, Date.now())
  if (every === null) return undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastMs = Date.now()
  const heard = () => {
    if (document.hidden) return
    timer ??= setTimeout(
      () => {
        timer = undefined
        if (!mayRefresh()) return
        lastMs = Date.now()
        void refresh().catch(() => undefined)
      },
      Math.max(500, lastMs + HEARD_MS_MIN - Date.now()),
    )
  }
  // Days grow too slowly to be watched.
  const deaf = range.step === 'day' ? () => {} : listen(projectIds, heard)
  const rest = refreshEvery(every, refresh)
  return () => {
    clearTimeout(timer)
    deaf()
    rest()
  }
}
