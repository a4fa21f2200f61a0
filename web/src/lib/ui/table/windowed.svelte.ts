import type { Attachment } from 'svelte/attachments'
import { SvelteSet } from 'svelte/reactivity'
import { CHUNK, DRAWN_AT_FIRST } from './chunks.ts'

/** What is this near to the view is drawn already. */
const NEAR_PX = 500

/**
 * Which chunks of a long list are drawn: those in view and near it. The others are as high as they were when they were drawn
 * last. Rows may be of any height; what scrolls is the nearest `[data-scroller]`, else the page.
 */
export class Windowed {
  readonly #drawn = new SvelteSet(Array.from({ length: DRAWN_AT_FIRST / CHUNK }, (_, i) => i))
  readonly #heights: number[] = []
  readonly #chunks = new WeakMap<Element, number>()
  readonly #rowPx: number
  #observer: IntersectionObserver | null = null
  #held = 0
  /** Paper shows everything. */
  printing = $state(false)

  /** @param rowPx about how high a row is. */
  constructor(rowPx: number) {
    this.#rowPx = rowPx
  }

  draws(chunk: number): boolean {
    return this.printing || this.#drawn.has(chunk)
  }

  heightOf(chunk: number, rows: number): number {
    return this.#heights[chunk] ?? rows * this.#rowPx
  }

  /** Watches the element that holds a chunk. */
  holds(chunk: number): Attachment {
    return (node) => {
      this.#observer ??= new IntersectionObserver((seen) => this.#see(seen), {
        root: node.closest('[data-scroller]'),
        rootMargin: `${NEAR_PX}px 0px`,
      })
      const observer = this.#observer
      this.#chunks.set(node, chunk)
      this.#held++
      observer.observe(node)
      return () => {
        observer.unobserve(node)
        // A list that is gone may come back in another frame.
        if (--this.#held === 0) this.#observer = null
      }
    }
  }

  #see(seen: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting, boundingClientRect } of seen) {
      const chunk = this.#chunks.get(target)
      if (chunk === undefined) continue
      if (isIntersecting) this.#drawn.add(chunk)
      // Whoever stands in it with the keyboard keeps their place.
      else if (this.#drawn.has(chunk) && !target.contains(document.activeElement)) {
        if (boundingClientRect.height > 0) this.#heights[chunk] = boundingClientRect.height
        this.#drawn.delete(chunk)
      }
    }
  }
}
