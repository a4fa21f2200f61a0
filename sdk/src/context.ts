/** What carries the current span through `await`s; `AsyncLocalStorage` of Node is one. */
export interface ContextStorage<T> {
  getStore(): T | undefined
  run<R>(store: T, fn: () => R): R
}

interface WithBuiltins {
  process?: { getBuiltinModule?(name: string): unknown }
}

/**
 * `AsyncLocalStorage` where the runtime has one: Node from 20.16 on, Deno, Bun, and Workers with `nodejs_compat`. Taken
 * through `process`, since a static import would break browsers. Null elsewhere: there spans are handed on by hand.
 */
export function contextStorage<T>(): ContextStorage<T> | null {
  try {
    const hooks = (globalThis as WithBuiltins).process?.getBuiltinModule?.('node:async_hooks') as
      { AsyncLocalStorage: new () => ContextStorage<T> } | undefined
    return hooks === undefined ? null : new hooks.AsyncLocalStorage()
  } catch {
    return null
  }
}
