import { before, endsNumber, isDigit, isWord, matchAt, startsNumber } from './edges.ts'
import type { Finding } from './finding.ts'

/**
 * Digits of a national number by country code, where the national plan bounds them (ITU-T E.164 and the national numbering
 * plans filed with it); elsewhere 7 to 12, as a number with its code has at most 15.
 */
const NATIONAL_DIGITS: Record<string, readonly [least: number, most: number]> = {
  1: [10, 10],
  7: [10, 10],
  30: [10, 10],
  31: [9, 9],
  32: [8, 9],
  33: [9, 9],
  34: [9, 9],
  36: [8, 9],
  39: [8, 11],
  40: [9, 9],
  41: [9, 9],
  43: [7, 12],
  44: [9, 10],
  45: [8, 8],
  46: [7, 10],
  47: [8, 8],
  48: [9, 9],
  49: [7, 11],
  52: [10, 10],
  55: [10, 11],
  61: [9, 9],
  81: [9, 10],
  82: [8, 10],
  86: [10, 11],
  90: [10, 10],
  91: [10, 10],
  351: [9, 9],
  353: [7, 9],
  358: [6, 11],
  380: [9, 9],
  420: [9, 9],
}
const ANY_NATIONAL: readonly [number, number] = [7, 12]
/** Country codes in use, ITU-T E.164 (annex to Operational Bulletin): one digit, two digits, or the decade of three. */
const COUNTRY =
  /^(?:[17]|2[07]|3[0-4]|36|39|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-69]|3[578]|42|5[09]|6[789]|8[058]|9[679])\d)/
const DIGITS_MAX = 15
const GROUPS_MAX = 7
const GAP_MAX = 3
interface Grouped {
  digits: string
  /** Where each group ends, with the digits up to there. */
  ends: { end: number; count: number }[]
}

/** Space, no-break and thin spaces, no-break hyphen, and `().-/`. */
function isGap(code: number): boolean {
  if (code < 128) return code === 32 || code === 40 || code === 41 || (code >= 45 && code <= 47)
  return code === 0xa0 || code === 0x2009 || code === 0x202f || code === 0x2011
}

/** Digits in groups from here, as many as a number can have. */
function groupsFrom(text: string, at: number): Grouped {
  const ends: Grouped['ends'] = []
  let digits = ''
  let start = at
  while (ends.length < GROUPS_MAX) {
    let end = start
    while (end - start <= DIGITS_MAX && isDigit(text.charCodeAt(end))) end++
    if (end === start || digits.length + end - start > DIGITS_MAX) break
    digits += text.slice(start, end)
    ends.push({ end, count: digits.length })
    start = end
    while (start - end < GAP_MAX && isGap(text.charCodeAt(start))) start++
  }
  return { digits, ends }
}

/** The longest number of whole groups whose count of digits is allowed. */
function phoneOf(text: string, start: number, { ends }: Grouped, least: number, most: number): Finding | undefined {
  const last = ends.findLast(({ count, end }) => count >= least && count <= most && endsNumber(text, end))
  return last && { type: 'phone', start, end: last.end }
}

/** `+` and a country code in use, with as many digits as that country dials (ITU-T E.164). */
export function internationalAt(text: string, at: number): Finding | undefined {
  if (isWord(text.charCodeAt(at - 1)) || !isDigit(text.charCodeAt(at + 1))) return undefined
  return international(text, at, at + 1)
}

function international(text: string, start: number, at: number): Finding | undefined {
  const grouped = groupsFrom(text, at)
  const code = COUNTRY.exec(grouped.digits)?.[0]
  if (code === undefined) return undefined
  // The trunk zero in "+49 (0)30" is not dialled, but written.
  const trunk = grouped.digits.charAt(code.length) === '0' && code !== '39' ? 1 : 0
  const [least, most] = NATIONAL_DIGITS[code] ?? ANY_NATIONAL
  if (code === '1' && !/^1[2-9]\d\d[2-9]/.test(grouped.digits)) return undefined
  return phoneOf(text, start, grouped, code.length + least + trunk, code.length + most + trunk)
}

/** National forms that little else has. North America: area and exchange begin with 2 to 9. */
const NORTH_AMERICA = /(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-. ]\d{4}/y
/** Brazil, and Germany or Great Britain with the area in parentheses. */
const PARENTHESES = /\((?:\d\d\) ?9?\d{4}-\d{4}|0[2-9]\d{1,3}\) ?\d{5,8}|020\) ?\d{4}[ -]\d{4}|0[17]\d{3}\) ?\d{6})/y
const FRANCE = /0[1-9](?:(?: \d\d){4}|(?:\.\d\d){4}|(?:-\d\d){4})/y
/** Great Britain, Germany (mobile, then areas), Japan, the Netherlands. */
const TRUNK_ZERO = new RegExp(
  [
    '0(?:20[ -]\\d{4}[ -]\\d{4}|[17]\\d{3}[ -]\\d{3}[ -]?\\d{3}|1\\d\\d[ -]\\d{3}[ -]\\d{4})',
    '01[5-7]\\d{1,2}[ /-]{1,3}\\d{7,8}',
    '01[5-7]\\d{1,2}[ /]\\d{3,4} \\d{2,4}(?: \\d{2,4})?',
    '0[2-9]\\d{1,3} ?/ ?\\d{3,8}(?: \\d{2,4}){0,2}',
    '0(?:30|40|69|89|[2-9][1-9]1) \\d{6,8}',
    '0(?:3|6|[789]0)-\\d{4}-\\d{4}',
    '06[- ]\\d{8}',
  ].join('|'),
  'y',
)
const OF_PHONE =
  /(?:^|[^A-Za-z])(?:tel|tél|tlf|tfno|telefon\w*|tel[eé]fono|t[eé]l[eé]phone|\w*phone(?:[_ -]?(?:number|no|nr))?|mobile?|m[oó]vil|celular|cell|handy(?:nummer)?|rufnummer|fax|whatsapp|sms|call|text me|ring|rappel\w*|gsm|portable)[^0-9A-Za-z\]]{0,4}(?:(?:me|us|at|is|on|unter|auf|au|bei|a|al|number|no|nr|nummer|num[eé]ro|n°|:)[^0-9A-Za-z]{1,3}){0,3}$|(?:电话|電話|手机|携帯|电话号码|手机号)[^0-9\]]{0,6}$/i
/** Pairs among pairs are a dump of bytes. */
const PAIR_BEFORE = /(?:^|[^0-9A-Za-z])(?:\d[0-9a-f]|[a-f]\d)[ .-]$/i
const PAIR_AFTER = /[ .-](?:\d[0-9a-f]|[a-f]\d)(?![0-9A-Za-z])/iy
const AFTER_NUMBER = /\d[ \u00a0]$/
const NUMBERED = /\d[ /(.-]/
const ZERO = 48
const ONE = 49
const PAREN = 40

/** A number as a country writes it for itself, or any plausible one behind a word for telephone. */
export function phoneAt(text: string, at: number, hint: string): Finding | undefined {
  const previous = text.charAt(at - 1)
  if (previous === '+' || previous === '/' || !startsNumber(text, at)) return undefined
  const known = nationalEnd(text, at)
  if (known !== undefined) return { type: 'phone', start: at, end: known }
  const digitAt = text.charCodeAt(at) === PAREN ? at + 1 : at
  const isAbroad = text.startsWith('00', digitAt) && !AFTER_NUMBER.test(text.slice(Math.max(0, at - 2), at))
  const isNamed = mayBeNamed(text, at) && OF_PHONE.test(before(text, at, hint))
  if (!isAbroad && !isNamed) return undefined
  const grouped = groupsFrom(text, digitAt)
  if (isAbroad && grouped.digits.length > 10 && grouped.ends.length > 2) {
    const found = international(text, at, digitAt + 2)
    if (found !== undefined) return found
  }
  const isBare = !NUMBERED.test(text.slice(digitAt, digitAt + 8))
  return isNamed ? phoneOf(text, at, grouped, isBare ? 9 : 7, 13) : undefined
}

function nationalEnd(text: string, at: number): number | undefined {
  const first = text.charCodeAt(at)
  if (first !== ONE && !isDigit(text.charCodeAt(at + 1))) return undefined
  let known: string | undefined
  if (first === ZERO) known = france(text, at) ?? matchAt(TRUNK_ZERO, text, at)
  else if (first === PAREN) known = matchAt(NORTH_AMERICA, text, at) ?? matchAt(PARENTHESES, text, at)
  else known = matchAt(NORTH_AMERICA, text, at)
  return known !== undefined && endsNumber(text, at + known.length) ? at + known.length : undefined
}

function france(text: string, at: number): string | undefined {
  const known = matchAt(FRANCE, text, at)
  if (known === undefined || PAIR_BEFORE.test(text.slice(Math.max(0, at - 4), at))) return undefined
  return matchAt(PAIR_AFTER, text, at + known.length) === undefined ? known : undefined
}

/** A name ends in a letter, and not far away: so a number among numbers costs no look behind. */
function mayBeNamed(text: string, at: number): boolean {
  for (let i = at - 1; i >= at - 6; i--) {
    const code = text.charCodeAt(i)
    if (isDigit(code)) return false
    if (isWord(code) || code > 0x2fff || Number.isNaN(code)) return true
  }
  return false
}
