import { isIbanSum, isLuhn } from './checksums.ts'
import { endsNumber, isDigit, isLetter, isWord, matchAt, startsNumber } from './edges.ts'
import type { Finding } from './finding.ts'

/**
 * Issuer prefixes and lengths as the networks publish them (ISO/IEC 7812 registrations). The 13 digits of old Visa cards
 * are left out: they are the form of European article numbers.
 */
const BRANDS: readonly [prefix: RegExp, lengths: readonly number[]][] = [
  [/^4/, [16]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16]],
  [/^(?:30[0-5]|36|3[89])/, [14]],
  [/^35(?:2[89]|[3-8])/, [16]],
  [/^62/, [16, 19]],
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [16, 18, 19]],
]
const GROUPED = /\d{4}([ \u00a0-])(?:\d{4}\1\d{4}\1\d{4}(?:\1\d{3}(?!\d))?|\d{6}\1\d{4,5})/y
const BARE = /\d{14,19}/y
const FOUR_BEFORE = /(?:^|\D)\d{4}[ \u00a0]$/

/** The number of a payment card: Luhn, and a prefix and length that an issuer has. */
export function cardAt(text: string, at: number): Finding | undefined {
  const isBare = isDigit(text.charCodeAt(at + 4))
  const matched = matchAt(isBare ? BARE : GROUPED, text, at)
  if (matched === undefined || !startsNumber(text, at)) return undefined
  // One row of a table of four-digit numbers is no card.
  if (!isBare && FOUR_BEFORE.test(text.slice(Math.max(0, at - 6), at))) return undefined
  // A security code may follow in the same manner as a fifth group.
  for (const part of matched.length === 23 ? [matched, matched.slice(0, 19)] : [matched]) {
    const end = at + part.length
    if (isCard(part.replace(/\D/g, '')) && endsNumber(text, end)) return { type: 'card', start: at, end }
  }
  return undefined
}

export function isCard(digits: string): boolean {
  return BRANDS.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) && isLuhn(digits)
}

/** Country and length, from the IBAN registry of SWIFT (ISO 13616). */
const IBAN_LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
const GAPS = new Set([' ', '\u00a0', '-'])

/** An account number of ISO 13616, written together or in groups of four. */
export function ibanAt(text: string, at: number): Finding | undefined {
  if (!isLetter(text.charCodeAt(at + 1)) || !isDigit(text.charCodeAt(at + 2)) || !isDigit(text.charCodeAt(at + 3)))
    return undefined
  const length = IBAN_LENGTHS.get(text.slice(at, at + 2).toUpperCase())
  if (length === undefined) return undefined
  let iban = ''
  let end = at
  while (iban.length < length) {
    const code = text.charCodeAt(end)
    if (isDigit(code) || isLetter(code)) iban += text.charAt(end)
    else if (!GAPS.has(text.charAt(end)) || iban.length % 4 !== 0 || GAPS.has(text.charAt(end - 1))) return undefined
    end++
  }
  if (isWord(text.charCodeAt(end)) || !isIbanSum(iban.toUpperCase())) return undefined
  return { type: 'iban', start: at, end }
}
