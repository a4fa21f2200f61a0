import { COUNT_MAX, ID_CHARS_MAX, TEXT_CHARS_MAX } from '../../contract/event.ts'
import { isPlainObject } from '../event-check.ts'
import { errorTypeOf } from '../failure.ts'
import { cutWhole } from '../pii/redact.ts'

export type Json = Record<string, unknown>

/** An object, whatever stood there. */
export function objectOf(value: unknown): Json {
  return isPlainObject(value) ? value : {}
}

/** As a name within the schema's limit. */
export function nameOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string' || value === '') return undefined
  return value.length <= ID_CHARS_MAX ? value : value.slice(0, ID_CHARS_MAX).toWellFormed()
}

/** The first of these that is a name. */
export function firstName(...values: unknown[]): string | undefined {
  for (const value of values) {
    const name = nameOf(value)
    if (name !== undefined) return name
  }
  return undefined
}

const PRINTABLE = /^[\x21-\x7e]+$/

/** As an id: what does not fit one is percent-encoded, so that any id of a client stays one. */
export function idOf(value: unknown): string | undefined {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value
  if (typeof text !== 'string' || text === '') return undefined
  return PRINTABLE.test(text) ? text : encodeURIComponent(text.toWellFormed())
}

/** As a token count; numbers come as strings too. */
export function countOf(value: unknown): number | undefined {
  const number = numberOf(value)
  return number !== undefined && number >= 0 ? Math.min(Math.floor(number), COUNT_MAX) : undefined
}

export function firstCount(...values: unknown[]): number | undefined {
  for (const value of values) {
    const count = countOf(value)
    if (count !== undefined) return count
  }
  return undefined
}

export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A number below this counts seconds: as milliseconds it would lie in 1973. */
const SECONDS_MAX = 100_000_000_000

/** Epoch milliseconds of ISO text (no zone is UTC), or of a number of milliseconds or seconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]/.test(value)) {
    const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`
    const ms = Date.parse(zoned)
    return Number.isFinite(ms) ? ms : undefined
  }
  const number = numberOf(value)
  if (number === undefined || number <= 0) return undefined
  return number < SECONDS_MAX ? Math.round(number * 1e6) / 1e3 : number
}

const CLASS = /^([A-Za-z_$][\w$.]{0,99})\s*:/
const STATUS = /^(?:error:?\s*)?([45]\d\d)\b/i

/**
 * What failed, of an error's text ("Class: message", a stack after an empty line): its type, which is a class, a status
 * code or a name of the taxonomy and never what was said, and its message.
 */
export function errorOf(text: string, given?: string): { error_type: string; error_message: string } {
  const message = (text.split(/\n\s*\n|\n\s+at /, 1)[0] ?? '').trim()
  const named = CLASS.exec(message)?.[1]
  const known = [given, named].find((name) => name !== undefined && errorTypeOf(name) !== 'unknown')
  const byText = errorTypeOf(message)
  const error_type =
    known ?? STATUS.exec(message)?.[1] ?? (byText === 'unknown' ? (given ?? named ?? 'unknown') : byText)
  return { error_type: nameOf(error_type) ?? 'unknown', error_message: cutWhole(message, TEXT_CHARS_MAX) }
}

const KEPT_MAX = 48
const CHARS_MAX = 1024
const KEPT_CHARS_MAX = 8000

/** A client's own labels as attributes, under a prefix, bounded. */
export function keptOf(prefix: string, labels: unknown, except: ReadonlySet<string> = new Set()): Json {
  const kept: Json = {}
  let room = KEPT_CHARS_MAX
  for (const [name, value] of Object.entries(objectOf(labels)).slice(0, KEPT_MAX)) {
    if (value === null || value === undefined || name === '' || except.has(name)) continue
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const bounded = text.length > CHARS_MAX ? `${cutWhole(text, CHARS_MAX)}…` : value
    room -= name.length + Math.min(text.length, CHARS_MAX)
    if (room < 0) break
    const whole = prefix + name
    if (whole.length <= ID_CHARS_MAX && whole !== '__proto__') kept[whole] = bounded
  }
  return kept
}

const TAGS_MAX = 32

/** A client's list of tags as an attribute, bounded; nothing where there are none. */
export function tagsIn(tags: unknown): Json {
  return Array.isArray(tags) && tags.length > 0 ? { tags: tags.slice(0, TAGS_MAX) } : {}
}

/** Tools that a model's answer asks for, in the forms of OpenAI, LangChain and Anthropic. */
export function toolsAskedFor(output: unknown): string[] {
  const message = objectOf(Array.isArray(output) ? output[0] : output)
  const asked = [message.tool_calls, objectOf(message.additional_kwargs).tool_calls, message.content].flatMap((list) =>
    Array.isArray(list) ? (list as unknown[]) : [],
  )
  return asked.flatMap((item) => {
    const call = objectOf(item)
    if (typeof call.type === 'string' && !['function', 'tool_use', 'tool_call'].includes(call.type)) return []
    const name = firstName(objectOf(call.function).name, call.name)
    return name === undefined ? [] : [name]
  })
}
