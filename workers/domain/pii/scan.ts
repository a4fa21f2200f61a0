import { emailAt } from './email.ts'
import { isDigit, isLetter, matchAt, startsNumber, wordEnd } from './edges.ts'
import { PII_TYPES, type Finding, type PiiType } from './finding.ts'
import { nationalIdAt, ssnAt } from './identity.ts'
import { ipv4At, ipv6At, urlCredentialsAt } from './network.ts'
import { cardAt, ibanAt } from './payment.ts'
import { internationalAt, phoneAt } from './phone.ts'
import { privateKeyAt, secretAt } from './secrets.ts'

const NOTHING = 0
const WORD = 1
const SIGN = 2
const PERCENT = 37
const PAREN = 40
const PLUS = 43
const HYPHEN = 45
const DOT = 46
const COLON = 58
const AT = 64
const UPPER_B = 66
const BRACKET = 91
const BACKSLASH = 92
const LOWER_A = 97
const KIND = new Uint8Array(128)
for (let code = 0; code < 128; code++) if (isDigit(code) || isLetter(code) || code === 95) KIND[code] = WORD
for (const sign of '@%:[+(-\\') KIND[sign.charCodeAt(0)] = SIGN

const PLACEHOLDER = new RegExp(`\\[REDACTED:(?:${PII_TYPES.join('|')})\\]`, 'y')
const ESCAPE = /\\(?:u[0-9a-f]{4}|["\\/bfnrt])/iy
const TAKEN_OVER: ReadonlySet<PiiType> = new Set(['phone', 'card', 'iban', 'ssn', 'national_id', 'ip'])
const NONE: readonly Finding[] = []

/**
 * Finds personal data and secrets in one pass from left to right: a detector is asked only where a word begins or a telling
 * sign stands, and reads a bounded stretch, so the time is linear in the text. Findings are in order and do not overlap.
 */
export function scan(text: string, hint = '', wanted?: ReadonlySet<PiiType>): readonly Finding[] {
  let findings: Finding[] | undefined
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? KIND[code] : NOTHING
    if (kind === NOTHING) {
      at++
      continue
    }
    const found = kind === WORD ? wordAt(text, at, code, hint) : signAt(text, at, code, hint, findings?.at(-1))
    if (found === undefined || (wanted !== undefined && !wanted.has(found.type))) {
      at = kind === WORD ? wordEnd(text, at) : at + signLength(text, at, code)
      continue
    }
    findings ??= []
    // An address takes over the numbers that its local part looked like.
    while ((findings.at(-1)?.start ?? -1) >= found.start) findings.pop()
    findings.push(found)
    at = found.end
  }
  return findings ?? NONE
}

/** Most words fail at their first, third or seventh character. */
function wordAt(text: string, at: number, code: number, hint: string): Finding | undefined {
  if (isDigit(code)) return numberAt(text, at, hint)
  const secret = secretAt(text, at, hint)
  if (secret !== undefined) return secret
  if (text.charCodeAt(at + 4) === COLON) return ipv6At(text, at)
  if (isDigit(text.charCodeAt(at + 2))) return ibanAt(text, at) ?? nationalIdAt(text, at, 0, hint)
  const isCoded = code < LOWER_A && (isDigit(text.charCodeAt(at + 1)) || isDigit(text.charCodeAt(at + 6)))
  return isCoded ? nationalIdAt(text, at, 0, hint) : undefined
}

function numberAt(text: string, at: number, hint: string): Finding | undefined {
  if (text.charCodeAt(at + 4) === COLON) return ipv6At(text, at)
  if (!startsNumber(text, at)) return undefined
  if (hasDotSoon(text, at)) {
    const address = ipv4At(text, at, hint)
    if (address !== undefined) return address
  }
  let run = 1
  while (run <= RUN_MAX && isDigit(text.charCodeAt(at + run))) run++
  if (run > RUN_MAX || !isLong(text, at + run, run)) return undefined
  return (
    (run === 4 || run > 13 ? cardAt(text, at) : undefined) ??
    (run === 3 || run === 9 ? ssnAt(text, at, hint) : undefined) ??
    nationalIdAt(text, at, run, hint) ??
    phoneAt(text, at, hint)
  )
}

/** Digits of the longest card. */
const RUN_MAX = 19

/** Seven digits with little between: what is shorter is no number of a person. */
function isLong(text: string, from: number, run: number): boolean {
  let digits = run
  let gap = 0
  for (let i = from; digits < 7 && gap < 4; i++) {
    const code = text.charCodeAt(i)
    if (isDigit(code)) {
      digits++
      gap = 0
    } else if (code >= LOWER_A || Number.isNaN(code)) return false
    else gap++
  }
  return digits >= 7
}

function hasDotSoon(text: string, at: number): boolean {
  for (let i = at + 1; i < at + 4; i++) if (text.charCodeAt(i) === DOT) return true
  return false
}

function signAt(text: string, at: number, code: number, hint: string, last: Finding | undefined): Finding | undefined {
  switch (code) {
    case PERCENT:
      return text.startsWith('40', at + 1) ? freeEmail(text, at, last) : undefined
    case AT:
      return freeEmail(text, at, last)
    case COLON:
      return text.startsWith('//', at + 1) ? urlCredentialsAt(text, at) : undefined
    case PLUS:
      return internationalAt(text, at)
    case PAREN:
      return isDigit(text.charCodeAt(at + 2)) ? phoneAt(text, at, hint) : undefined
    case HYPHEN:
      return text.charCodeAt(at + 5) === UPPER_B ? privateKeyAt(text, at) : undefined
    default:
      return undefined
  }
}

/** An address takes only what no finding before it has begun. */
function freeEmail(text: string, at: number, last: Finding | undefined): Finding | undefined {
  const found = emailAt(text, at)
  if (found === undefined || last === undefined || last.end <= found.start) return found
  if (last.start >= found.start && TAKEN_OVER.has(last.type)) return found
  return last.end < at ? { ...found, start: last.end } : undefined
}

/** Placeholders are stepped over, and escapes, whose letters belong to no word. */
function signLength(text: string, at: number, code: number): number {
  if (code === BRACKET) return matchAt(PLACEHOLDER, text, at)?.length ?? 1
  if (code === BACKSLASH) return matchAt(ESCAPE, text, at)?.length ?? 1
  return 1
}
