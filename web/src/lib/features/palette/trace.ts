/** As the contract of events has it: printable ASCII without blanks. */
const TRACE_ID = /^[\x21-\x7e]{1,128}$/
/** The `traceparent` header of W3C Trace Context (version 00). */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/i
/** Shorter words are typed to find something else. */
const TYPED_CHARS_MIN = 12

/**
 * The trace id that a text may be, out of a `traceparent` too; null when it can be none. What was pasted may be
 * any id that a client could have chosen; what was typed has to look like one, since each is asked for.
 */
export function traceIdOf(text: string, pasted: boolean): string | null {
  const trimmed = text.trim()
  const parent = TRACEPARENT.exec(trimmed)
  if (parent?.[1] !== undefined) return parent[1].toLowerCase()
  if (!TRACE_ID.test(trimmed)) return null
  return pasted || (trimmed.length >= TYPED_CHARS_MIN && /\d/.test(trimmed)) ? trimmed : null
}

/**
 * The project that holds a trace: the present one is asked first, then the others at once. `has` answers whether
 * a project does, and rejects when that cannot be told.
 */
export async function projectOfTrace(
  projects: readonly { id: string }[],
  present: string,
  has: (project: string) => Promise<boolean>,
): Promise<string | null> {
  if (await has(present)) return present
  const others = projects.map(({ id }) => id).filter((id) => id !== present)
  const answers = await Promise.all(others.map(has))
  return others.find((_, at) => answers[at]) ?? null
}
