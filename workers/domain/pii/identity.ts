import { isLuhn, isMod11And10, weighted } from './checksums.ts'
import { before, endsNumber, isDigit, isWord, matchAt, startsNumber } from './edges.ts'
import type { Finding } from './finding.ts'

const SSN = /(?!000|666|9)\d{3}([- ]?)(?!00)\d{2}\1(?!0000)\d{4}/y
const OF_SSN = /(?:\bssn|[_a-z]ssn|social[ _-]?security)[^0-9\]]{0,16}$/i

/**
 * A social security number of the United States in the ranges that the SSA issues (POMS RM 10201.035: no area 000, 666 or
 * 900 to 999, no group 00, no serial 0000). Without hyphens only behind its name.
 */
export function ssnAt(text: string, at: number, hint: string): Finding | undefined {
  const matched = matchAt(SSN, text, at)
  if (matched === undefined || !fits(text, at, matched)) return undefined
  if (matched.charAt(3) !== '-' && !OF_SSN.test(before(text, at, hint))) return undefined
  return { type: 'ssn', start: at, end: at + matched.length }
}

interface NationalForm {
  /** How many digits stand first; a number is tried only as what begins like it. */
  runs: readonly number[]
  pattern: RegExp
  isValid: (plain: string) => boolean
  /** Too short a check to trust without its name in front. */
  name?: RegExp
}

const LETTERS_ES = 'TRWAGMYFPDXBNJZSQVHLCKE'
const LETTERS_FI = '0123456789ABCDEFHJKLMNPRSTUVWXY'
const MONTHS_IT = 'ABCDEHLMPRST'
/** Values of the characters at odd places, by digit or by letter. */
const ODD_IT = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

const FORMS: readonly NationalForm[] = [
  // Germany, Steuer-IdNr (ITZBund, "Informationen zur Berechnung gültiger Prüfziffern", § 139b AO).
  {
    runs: [2, 11],
    pattern: /[1-9]\d(?:\d{9}| \d{3} \d{3} \d{3})/y,
    isValid: (plain) => repeatsOneDigit(plain.slice(0, 10)) && isMod11And10(plain),
  },
  // Spain, DNI and NIE (Real Decreto 1553/2005, Orden INT/2058/2008): the letter is the number modulo 23.
  {
    runs: [0, 8],
    pattern: /(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]/y,
    isValid: (plain) =>
      LETTERS_ES[Number(plain.slice(0, -1).replace(/^[XYZ]/, (x) => String('XYZ'.indexOf(x)))) % 23] === plain.at(-1),
  },
  // Italy, codice fiscale (Decreto ministeriale 23 dicembre 1976).
  {
    runs: [0],
    pattern: new RegExp(`[A-Z]{6}\\d\\d[${MONTHS_IT}][0-7]\\d[A-Z]\\d{3}[A-Z]`, 'y'),
    isValid: isCodiceFiscale,
  },
  // France, NIR (INSEE): the key is 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18.
  {
    runs: [1, 15],
    pattern: /[12](?:\d{14}|( )\d\d (?:0[1-9]|[1-4]\d|[5-9]\d) (?:\d\d|2[AB]) \d{3} \d{3} \d\d)/y,
    isValid: (plain) => {
      const number = plain.slice(0, 13).replace('2A', '19').replace('2B', '18')
      return monthFits(plain.slice(3, 5)) && 97 - (Number(number) % 97) === Number(plain.slice(13))
    },
  },
  // Belgium, Rijksregisternummer (arrêté royal du 3 avril 1984): as in France, with a 2 in front from the year 2000.
  {
    runs: [2],
    pattern: /\d\d\.\d\d\.\d\d-\d{3}[. ]\d\d/y,
    isValid: (plain) =>
      ['', '2'].some((century) => 97 - (Number(century + plain.slice(0, 9)) % 97) === Number(plain.slice(9))),
  },
  // Poland, PESEL (Ustawa o ewidencji ludności, art. 15 ff.): a date whose month tells the century, weights 1 3 7 9.
  {
    runs: [11],
    pattern: /\d{11}/y,
    isValid: (plain) =>
      dateFits(plain.slice(4, 6), Number(plain.slice(2, 4)) % 20) &&
      weighted(plain, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
    name: /pesel[^0-9\]]{0,16}$/i,
  },
  // Sweden, personnummer (Skatteverket, SKV 704): Luhn over its last ten digits.
  {
    runs: [6, 8],
    pattern: /(?:19|20)?\d{6}[-+]\d{4}/y,
    isValid: (plain) => {
      const ten = plain.slice(-10)
      return dateFits(ten.slice(4, 6), Number(ten.slice(2, 4))) && isLuhn(ten)
    },
  },
  // Finland, henkilötunnus (Digital and Population Data Services Agency): the number modulo 31 as a character.
  {
    runs: [6],
    pattern: /\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]/y,
    isValid: (plain) => {
      const digits = plain.slice(0, 6) + plain.slice(-4, -1)
      return (
        dateFits(digits.slice(0, 2), Number(digits.slice(2, 4))) && LETTERS_FI[Number(digits) % 31] === plain.at(-1)
      )
    },
  },
  // Netherlands, burgerservicenummer (Besluit burgerservicenummer): weights 9 to 2 and -1, a multiple of 11.
  {
    runs: [9],
    pattern: /\d{9}/y,
    isValid: (plain) => Number(plain) > 0 && weighted(plain, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
    name: /(?:bsn|burgerservicenummer|sofi)[^0-9\]]{0,16}$/i,
  },
]

const BY_RUN = Array.from({ length: 16 }, (_, run) => {
  const forms = FORMS.filter(({ runs }) => runs.includes(run))
  return forms.length === 0 ? undefined : forms
})

/** `run` is how many digits stand here: a tax or national number of a country of the EU whose last digits or letter check it. */
export function nationalIdAt(text: string, at: number, run: number, hint: string): Finding | undefined {
  const forms = BY_RUN[run]
  if (forms === undefined) return undefined
  for (const { pattern, isValid, name } of forms) {
    const matched = matchAt(pattern, text, at)
    if (matched === undefined || !fits(text, at, matched)) continue
    if (!isValid(matched.replace(/[ .+-]/g, ''))) continue
    if (name === undefined || name.test(before(text, at, hint)))
      return { type: 'national_id', start: at, end: at + matched.length }
  }
  return undefined
}

function fits(text: string, at: number, matched: string): boolean {
  const end = at + matched.length
  return (
    startsNumber(text, at) &&
    (isDigit(text.charCodeAt(end - 1)) ? endsNumber(text, end) : !isWord(text.charCodeAt(end)))
  )
}

/** Of the first ten digits exactly one occurs twice or three times, no other more than once. */
function repeatsOneDigit(digits: string): boolean {
  const counts = new Array<number>(10).fill(0)
  for (const digit of digits) counts[Number(digit)] = (counts[Number(digit)] ?? 0) + 1
  const repeated = counts.filter((count) => count > 1)
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3
}

function dateFits(day: string, month: number): boolean {
  return Number(day) >= 1 && Number(day) <= 31 && month >= 1 && month <= 12
}

/** INSEE gives months over 12 to births whose month is not known. */
function monthFits(month: string): boolean {
  const number = Number(month)
  return (number >= 1 && number <= 12) || (number >= 20 && number <= 42) || number >= 50
}

function isCodiceFiscale(code: string): boolean {
  const day = Number(code.slice(9, 11)) % 40
  if (day < 1 || day > 31) return false
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const char = code.charCodeAt(i)
    const value = char < 58 ? char - 48 : char - 65
    sum += i % 2 === 0 ? (ODD_IT[value] ?? 0) : value
  }
  return sum % 26 === code.charCodeAt(15) - 65
}
