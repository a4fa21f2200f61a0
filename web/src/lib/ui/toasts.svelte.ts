import { getContext, setContext } from 'svelte'

export interface Toast {
  id: number
  text: string
  /** What can still be done about it. */
  action?: { label: string; run: () => void }
}

const KEY = Symbol('toasts')
const SHOWN_MS = 4500
/** Time to read it, decide, and reach the button. */
const WITH_ACTION_MS = 12_000

/** Short words that a deed was done; they go by themselves, so nothing that must be read is told here. */
export class Toasts {
  list = $state.raw<Toast[]>([])
  #next = 0

  show(text: string, action?: Toast['action']): void {
    const id = this.#next++
    this.list = [...this.list, { id, text, ...(action && { action }) }]
    setTimeout(() => this.dismiss(id), action === undefined ? SHOWN_MS : WITH_ACTION_MS)
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id)
  }
}

export function createToasts(): Toasts {
  return setContext(KEY, new Toasts())
}

export function useToasts(): Toasts {
  return getContext<Toasts>(KEY)
}
