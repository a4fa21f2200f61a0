import { getContext, setContext } from 'svelte'

export interface Toast {
  id: number
  text: string
}

const KEY = Symbol('toasts')
const SHOWN_MS = 4500

/** Short words that a deed was done; they go by themselves, so nothing that must be read is told here. */
export class Toasts {
  list = $state.raw<Toast[]>([])
  #next = 0

  show(text: string): void {
    const id = this.#next++
    this.list = [...this.list, { id, text }]
    setTimeout(() => this.dismiss(id), SHOWN_MS)
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
