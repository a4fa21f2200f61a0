/** Near the window's edge the page goes along. */
const EDGE_PX = 72
const STEP_PX = 24

/**
 * Drags one of the elements that carry `data-drop`, by a handle, with mouse, pen or finger. Nothing moves until it is
 * let go, so that what is aimed at stays where it is.
 */
export class Dragging {
  /** What is dragged, and what it would be put at. */
  id = $state<string | null>(null)
  over = $state<string | null>(null)
  #drop: (id: string, at: string) => void

  constructor(drop: (id: string, at: string) => void) {
    this.#drop = drop
  }

  start(event: PointerEvent & { currentTarget: HTMLElement }, id: string): void {
    if (event.button !== 0) return
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
    this.id = id
    this.over = null
  }

  move(event: PointerEvent): void {
    if (this.id === null) return
    const hit = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-drop]')
    const at = hit?.dataset['drop'] ?? null
    this.over = at === this.id ? null : at
    if (event.clientY < EDGE_PX) scrollBy(0, -STEP_PX)
    else if (event.clientY > innerHeight - EDGE_PX) scrollBy(0, STEP_PX)
  }

  end(): void {
    const { id, over } = this
    this.cancel()
    if (id !== null && over !== null) this.#drop(id, over)
  }

  cancel(): void {
    this.id = null
    this.over = null
  }
}
