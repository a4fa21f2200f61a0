export interface RowWindow {
  /** First row to draw. */
  start: number
  /** One past the last. */
  end: number
  /** Height of all rows. */
  height_px: number
  /** Where the first drawn row begins. */
  offset_px: number
}

/** Which rows of equal height are worth drawing: those in view and some around it. */
export function rowWindow(scrollPx: number, viewPx: number, rowPx: number, count: number, overscan = 8): RowWindow {
  const top = Math.max(0, Math.min(scrollPx, count * rowPx - viewPx))
  const first = Math.max(0, Math.floor(top / rowPx) - overscan)
  const last = Math.min(count, Math.ceil((top + viewPx) / rowPx) + overscan)
  return { start: first, end: last, height_px: count * rowPx, offset_px: first * rowPx }
}

/** Where to scroll so that a row is in view; the same place when it is already. */
export function scrollToRow(index: number, scrollPx: number, viewPx: number, rowPx: number): number {
  const top = index * rowPx
  if (top < scrollPx) return top
  if (top + rowPx > scrollPx + viewPx) return top + rowPx - viewPx
  return scrollPx
}
