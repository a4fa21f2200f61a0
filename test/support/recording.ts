/** A call that a recording proxy saw: which binding, which method, and the text of its arguments. */
export interface Recorded {
  binding: string
  method: string
  text: string
}

/**
 * Puts a recording proxy around every object binding of an environment; what the bindings return is wrapped as well
 * (prepared statements, object stubs), so that no byte that reaches a store goes unseen.
 */
export function recordingEnv<T extends object>(env: T): { env: T; calls: Recorded[] } {
  const calls: Recorded[] = []
  const wrapped: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(env))
    wrapped[name] = isObject(value) ? recorder(value, name, calls) : value
  return { env: wrapped as T, calls }
}

const ORIGINAL = Symbol('original')

function recorder(target: object, binding: string, calls: Recorded[]): object {
  return new Proxy(target, {
    get(_, name) {
      if (name === ORIGINAL) return target
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'then') return value
      return (...args: unknown[]) => {
        calls.push({ binding, method: String(name), text: args.map(textOf).join(' ') })
        const result: unknown = Reflect.apply(value, target, args.map(unwrap))
        return isObject(result) && !(result instanceof Promise) && typeof Reflect.get(result, 'then') !== 'function'
          ? recorder(result, binding, calls)
          : result
      }
    },
  })
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap)
  return (isObject(value) && (Reflect.get(value, ORIGINAL) as unknown)) || value
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  } catch {
    return ''
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
