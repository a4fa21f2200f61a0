import { isCard } from './payment.ts'
import type { Finding, PiiCounts, PiiType } from './finding.ts'
import { scan } from './scan.ts'

export interface RedactOptions {
  /** The name under which the text was found: "phone" tells what its digits are. */
  hint?: string
  /** All types when left out. */
  wanted?: ReadonlySet<PiiType>
}

/** What a finding hid from the scan, as a number right behind an address, shows once it is gone. */
const PASSES_MAX = 4

/** Puts `[REDACTED:<type>]` for every finding and counts them by type; a text without any is returned as it is. */
export function redactText(text: string, counts: PiiCounts, { hint, wanted }: RedactOptions = {}): string {
  let redacted = text
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const findings = scan(redacted, hint, wanted)
    if (findings.length === 0) break
    redacted = replaced(redacted, findings, counts)
  }
  return redacted
}

function replaced(text: string, findings: readonly Finding[], counts: PiiCounts): string {
  let redacted = ''
  let at = 0
  for (const { type, start, end } of findings) {
    redacted += `${text.slice(at, start)}[REDACTED:${type}]`
    counts[type] = (counts[type] ?? 0) + 1
    at = end
  }
  return redacted + text.slice(at)
}

/**
 * Redacts the strings of a JSON value, the names of its members too, and numbers that are payment cards. What holds nothing
 * is not copied. Recursion is as deep as the value, which the caller has bounded.
 */
export function redactJson(value: unknown, counts: PiiCounts, hint = ''): unknown {
  if (typeof value === 'string') return redactText(value, counts, { hint })
  if (typeof value === 'number') return redactNumber(value, counts)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    value.forEach((item: unknown, i) => {
      const redacted = redactJson(item, counts, hint)
      if (redacted !== item) (copy ??= value.slice())[i] = redacted
    })
    return copy ?? value
  }
  return redactMembers(
    value as Record<string, unknown>,
    (name) => redactText(name, counts),
    (item, name) => redactJson(item, counts, name),
  )
}

/** Redacts the strings of a JSON value for some types only, and no names. */
export function redactStrings(value: unknown, counts: PiiCounts, wanted: ReadonlySet<PiiType>, hint = ''): unknown {
  if (typeof value === 'string') return redactText(value, counts, { hint, wanted })
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const copy = value.map((item: unknown) => redactStrings(item, counts, wanted, hint))
    return copy.some((item, i) => item !== value[i]) ? copy : value
  }
  return redactMembers(
    value as Record<string, unknown>,
    (name) => name,
    (item, name) => redactStrings(item, counts, wanted, name),
  )
}

const CARD_LEAST = 1e13

function redactNumber(value: number, counts: PiiCounts): unknown {
  if (value < CARD_LEAST || !Number.isSafeInteger(value) || !isCard(String(value))) return value
  counts.card = (counts.card ?? 0) + 1
  return '[REDACTED:card]'
}

function redactMembers(
  object: Record<string, unknown>,
  nameOf: (name: string) => string,
  valueOf: (item: unknown, name: string) => unknown,
): Record<string, unknown> {
  let isChanged = false
  const members = Object.entries(object).map(([name, item]): [string, unknown] => {
    const member: [string, unknown] = [nameOf(name), valueOf(item, name)]
    isChanged ||= member[0] !== name || member[1] !== item
    return member
  })
  if (!isChanged) return object
  const taken = new Map<string, number>()
  for (const member of members) {
    const count = (taken.get(member[0]) ?? 0) + 1
    taken.set(member[0], count)
    // Two addresses as names become one placeholder: the second must not overwrite the first.
    if (count > 1) member[0] += ` (${count})`
  }
  return Object.fromEntries(members)
}

/** More than the longest key that is cut in practice, and than any other finding. */
const NEAR_CHARS = 4096

/** Cuts a text, before its redaction, so that no finding is cut in two and half of it stays behind unrecognised. */
export function cutWhole(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const from = Math.max(0, charsMax - NEAR_CHARS)
  const cut = charsMax - from
  const across = scan(text.slice(from, charsMax + NEAR_CHARS)).find(({ start, end }) => start < cut && end > cut)
  return text.slice(0, across === undefined ? charsMax : from + across.start).toWellFormed()
}
