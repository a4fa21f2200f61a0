/**
 * Canonical JSON (RFC 8785): one text for one value, so that a hash of it means something anywhere. Refuses what
 * I-JSON (RFC 7493) cannot hold.
 * @throws TypeError for lone surrogates, numbers that are not finite, and anything that is no JSON.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no JSON')
    // ECMAScript's own form of a number is the one that RFC 8785 asks for; -0 becomes 0.
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`
  if (isPlainObject(value)) {
    // sort() compares UTF-16 code units, as RFC 8785 does.
    const names = Object.keys(value).sort()
    return `{${names.map((name) => `${quoted(name)}:${canonicalJson(value[name])}`).join(',')}}`
  }
  throw new TypeError(`a value of type ${typeof value} has no JSON`)
}

/** Objects of classes are refused: what they are is not in their properties. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function quoted(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a text with half a surrogate pair has no JSON')
  return JSON.stringify(text)
}
