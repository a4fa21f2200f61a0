import { getContext, setContext } from 'svelte'

const KEY = Symbol('crosshair')

/** The moment that all charts of a page point at, and which chart the pointer is over. */
export class Crosshair {
  at_ms = $state<number | null>(null)
  owner = $state<string | null>(null)

  point(owner: string, ms: number): void {
    this.owner = owner
    this.at_ms = ms
  }

  /** Only the chart that the pointer left may clear it: the next one may already point. */
  leave(owner: string): void {
    if (this.owner !== owner) return
    this.owner = null
    this.at_ms = null
  }
}

/** Shares one crosshair among the charts below. */
export function createCrosshair(): Crosshair {
  return setContext(KEY, new Crosshair())
}

/** The page's crosshair; a chart alone has its own. */
export function useCrosshair(): Crosshair {
  return getContext<Crosshair | undefined>(KEY) ?? new Crosshair()
}
