/** How long the next key of a sequence may take, in milliseconds. */
export const SEQUENCE_MS_MAX = 1500

/** The beginning of a sequence, and when its last key was pressed (epoch milliseconds). */
export interface Begun {
  keys: string
  at_ms: number
}

/** What one more key means: a sequence is complete, or begun, or neither. */
export interface Heard {
  hit: string | null
  begun: Begun | null
}

/**
 * Takes one key. `known` are sequences, their keys apart by a blank: "g t", "?". A key that continues nothing,
 * or comes too late, may itself begin or be a sequence.
 */
export function hear(begun: Begun | null, key: string, nowMs: number, known: readonly string[]): Heard {
  const goesOn = begun !== null && nowMs - begun.at_ms <= SEQUENCE_MS_MAX
  for (const keys of goesOn ? [`${begun.keys} ${key}`, key] : [key]) {
    if (known.includes(keys)) return { hit: keys, begun: null }
    if (known.some((one) => one.startsWith(`${keys} `))) return { hit: null, begun: { keys, at_ms: nowMs } }
  }
  return { hit: null, begun: null }
}

/** What of a keyboard event says which key it was. */
export interface KeyPress {
  key: string
  shiftKey: boolean
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  repeat: boolean
  isComposing: boolean
}

/** The character of a key that was pressed by itself; null with a modifier, held down, or for a key without one. */
export function plainKey({ key, shiftKey, ctrlKey, metaKey, altKey, repeat, isComposing }: KeyPress): string | null {
  if (ctrlKey || metaKey || altKey || repeat || isComposing || key.length !== 1) return null
  // Caps lock changes no shortcut; Shift does, since "?" is made with it on most keyboards.
  return shiftKey ? key : key.toLowerCase()
}

/** ⌘K where there is a ⌘ key, else Ctrl+K: on a Mac Ctrl+K edits text. */
export function isPaletteChord({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyPress, isApple: boolean): boolean {
  const chord = isApple ? metaKey && !ctrlKey : ctrlKey && !metaKey
  return chord && !shiftKey && !altKey && key.toLowerCase() === 'k'
}
