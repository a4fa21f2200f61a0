const WORD = new Uint8Array(128)
for (const char of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_') WORD[char.charCodeAt(0)] = 1

const DOT = 46
const HYPHEN = 45
const BRACKET = 93
const HINT_CHARS_MAX = 32

/** Letters, digits and `_` of ASCII; NaN, which is what stands past the end, is none. */
export function isWord(code: number): boolean {
  return code < 128 && WORD[code] === 1
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

export function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

export function wordEnd(text: string, at: number): number {
  let end = at + 1
  while (isWord(text.charCodeAt(end))) end++
  return end
}

/** Whether a number may begin here: not in the middle of a decimal, a version or a hyphenated code. */
export function startsNumber(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1)
  if (before !== DOT && before !== HYPHEN) return true
  const beyond = text.charCodeAt(at - 2)
  // A placeholder stands for a word, so that a second pass finds what the first did.
  return !isWord(beyond) && beyond !== BRACKET
}

/** Whether a number may end here. */
export function endsNumber(text: string, end: number): boolean {
  const next = text.charCodeAt(end)
  return !isWord(next) && !((next === DOT || next === HYPHEN) && isDigit(text.charCodeAt(end + 1)))
}

/** What stands before a place, with the name of the whole text where that is near. */
export function before(text: string, at: number, hint: string): string {
  if (at >= HINT_CHARS_MAX) return text.slice(at - HINT_CHARS_MAX, at)
  return `${hint.slice(-HINT_CHARS_MAX)} ${text.slice(0, at)}`
}

/** What a sticky pattern matches exactly here. */
export function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
