/** How long a turn waits for the page to be painted: a page that nobody sees is not painted. */
const PAINT_MS_MAX = 100

let last: Promise<void> = Promise.resolve()

/**
 * A turn of one's own: answers that come together are drawn one by one, each in a task after the one before was
 * painted, so that what a person does meanwhile never waits for more than one of them.
 */
export function turn(): Promise<void> {
  last = last.then(painted)
  return last
}

function painted(): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      cancelAnimationFrame(frame)
      resolve()
    }, PAINT_MS_MAX)
    const frame = requestAnimationFrame(() => {
      clearTimeout(late)
      setTimeout(resolve)
    })
  })
}
