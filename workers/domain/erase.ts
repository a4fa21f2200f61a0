import type { CanonicalEvent } from '../contract/event.ts'

/** What stands where a person's id stood: one name for all who were erased, so that none of them can be told apart. */
export const ERASED = 'erased'
/** An id this long is also found inside of longer text; a shorter one would be found everywhere. */
export const MENTION_CHARS_MIN = 6

/** Of events of the person, what goes with them; times, models, tokens, cost and outcome are the organization's. */
const CONTENT: readonly (keyof CanonicalEvent)[] = ['session_id', 'input', 'output', 'error_message', 'attributes']
/** Identities that join rows: one that is the person's id becomes a name that occurs nowhere else. */
const JOINS: ReadonlySet<string> = new Set(['trace_id', 'span_id', 'parent_span_id', 'event_id'])

export interface Eraser {
  /** The id itself, then how it stands in stored text: plain and as JSON. */
  needles: readonly [id: string, plain: string, json: string]
  /** Text, or JSON as text, of a field without the person's id. */
  text(text: string, field?: string): string
  /** Any JSON value, without the person's id in its strings and names. */
  value(value: unknown): unknown
  /** The event without the person; the same object when there is nothing to take out. */
  event(event: CanonicalEvent, isTheirs: boolean): CanonicalEvent
}

/**
 * Takes the id of one person out of whatever is stored. A whole value that is the id becomes `erased`; where it stands
 * in longer text (between characters that are no letters and digits) it becomes `token`, which must be new and random.
 */
export function eraserOf(subject: string, token: string): Eraser {
  const json = JSON.stringify(subject)
  const isLong = subject.length >= MENTION_CHARS_MIN
  const inner = json.slice(1, -1)
  const mentions = isLong ? mentionsOf(inner === subject ? [subject] : [subject, inner]) : null

  const text = (given: string, field = ''): string => {
    if (given === subject) return JOINS.has(field) ? token : ERASED
    const named = given.includes(json) ? given.replaceAll(json, JSON.stringify(ERASED)) : given
    return mentions === null ? named : named.replace(mentions, token)
  }
  const value = (given: unknown, field = ''): unknown => {
    if (typeof given === 'string') return text(given, field)
    if (Array.isArray(given)) return mapped(given, (item) => value(item))
    if (typeof given !== 'object' || given === null) return given
    const entries = Object.entries(given)
    const next = entries.map(([name, item]): [string, unknown] => [text(name), value(item, name)])
    const isSame = next.every(([name, item], i) => name === entries[i]?.[0] && item === entries[i][1])
    return isSame ? given : Object.fromEntries(next)
  }
  return {
    needles: [subject, isLong ? subject : json, isLong ? inner : json],
    text,
    value: (given) => value(given),
    event(event, isTheirs) {
      const next = value(event) as CanonicalEvent
      if (!isTheirs || CONTENT.every((name) => next[name] === undefined)) return next
      const { session_id: _1, input: _2, output: _3, error_message: _4, attributes: _5, ...rest } = next
      return rest
    },
  }
}

/** Which traces are the person's, by what these events say of themselves. */
export function tracesOf(events: readonly CanonicalEvent[], subject: string): Set<string> {
  return new Set(events.filter(({ user_id }) => user_id === subject).map(({ trace_id }) => trace_id))
}

/** The event list without the person, and how many of them changed. A trace of theirs is theirs where it names nobody. */
export function eraseEvents<E extends CanonicalEvent>(
  eraser: Eraser,
  events: readonly E[],
  theirs: ReadonlySet<string>,
): { events: E[]; changed: number } {
  const subject = eraser.needles[0]
  let changed = 0
  const next = events.map((event) => {
    const isTheirs = event.user_id === subject || ((event.user_id ?? ERASED) === ERASED && theirs.has(event.trace_id))
    const without = eraser.event(event, isTheirs)
    if (without !== event) changed++
    return without as E
  })
  return { events: next, changed }
}

function mapped(given: unknown[], change: (item: unknown) => unknown): unknown[] {
  const next = given.map(change)
  return next.every((item, i) => item === given[i]) ? given : next
}

function mentionsOf(forms: readonly string[]): RegExp {
  const escaped = forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'gu')
}
