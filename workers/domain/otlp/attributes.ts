import { isContentName } from '../content-names.ts'
import { COUNT_MAX, ID_CHARS_MAX } from '../../contract/event.ts'
import { cutWhole } from '../pii/redact.ts'
import type { Fact, Facts } from './facts.ts'
import { isConsumed } from './read-facts.ts'
import type { Attributes, FlatSpan } from './span.ts'

/** A fact as an identifier within the schema's limit. */
export function textAt(facts: Facts, fact: Fact): string | undefined {
  return textOf(facts[fact])
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : cut(value, ID_CHARS_MAX)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Never in the middle of a character. */
function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : text.slice(0, charsMax).toWellFormed()
}

/** A fact as a number; numbers as strings occur on the wire. */
export function numberAt(facts: Facts, fact: Fact): number | undefined {
  const value = facts[fact]
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A fact as a count. */
export function countAt(facts: Facts, fact: Fact): number | undefined {
  const number = numberAt(facts, fact)
  return number !== undefined && number >= 0 ? Math.min(Math.floor(number), COUNT_MAX) : undefined
}

const KEPT_MAX = 64
const CHARS_MAX = 1024
const KEPT_CHARS_MAX = 12_000

/** What the mapping did not use, bounded, and without content unless the project keeps it. */
export function keptAttributes(span: FlatSpan, isCall: boolean, keepContent: boolean): Attributes {
  const kept: Attributes = span.scope === '' ? {} : { 'otel.scope.name': cut(span.scope, CHARS_MAX) }
  // What is redacted later must not be cut in two here.
  const cutText = keepContent ? cutWhole : cut
  let n = 0
  let chars = 0
  for (const name in span.attributes) {
    const value = span.attributes[name]
    if (value === null || name === '' || name.length > ID_CHARS_MAX || isConsumed(name, isCall)) continue
    if (!keepContent && isContentName(name)) continue
    const bounded = typeof value === 'string' && value.length > CHARS_MAX ? `${cutText(value, CHARS_MAX)}…` : value
    chars += name.length + (typeof bounded === 'string' ? bounded.length : JSON.stringify(bounded).length)
    if (++n > KEPT_MAX || chars > KEPT_CHARS_MAX) break
    kept[name] = bounded
  }
  return kept
}
