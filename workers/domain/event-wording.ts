import { EventInput } from '../contract/event.ts'

export type InvalidEvent = { ok: false; code: 'invalid'; pointer: string; detail: string }

/** Where the schema's words do not say how to mend it. */
const REMEDIES: Record<string, string> = {
  '/timestamp': 'Write RFC 3339 with a zone, like 2026-11-23T12:00:00Z, or epoch milliseconds.',
  '/occurred_at': 'Write RFC 3339 with a zone, like 2026-11-23T12:00:00Z, or epoch milliseconds.',
  '/cost_usd': 'Write a decimal number of US dollars, like "0.0123".',
  '/pii_detected': 'Write a count, or counts by kind.',
  '/pii_redacted': 'Write a count, or counts by kind.',
}

/** A schema of the contract, as far as its words are asked for. */
interface Schema {
  safeParse(
    input: unknown,
  ): { success: true } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } }
}

/** Words what the schema has against an event, or another thing that is sent, without repeating its values. */
export function wordIssue(input: unknown, schema: Schema = EventInput): InvalidEvent {
  const parsed = schema.safeParse(input)
  const issue = parsed.success ? undefined : parsed.error.issues[0]
  if (!issue) return { ok: false, code: 'invalid', pointer: '', detail: 'Not valid.' }
  const pointer = issue.path.map((part) => `/${escaped(String(part))}`).join('')
  const name = issue.path[0]
  const isMissing = issue.path.length === 1 && typeof name === 'string' && !Object.hasOwn(input as object, name)
  const what = isMissing ? `"${name}" is required.` : `${issue.message}.`
  const remedy = REMEDIES[pointer]
  return { ok: false, code: 'invalid', pointer, detail: remedy === undefined ? what : `${what} ${remedy}` }
}

const POINTER_CHARS_MAX = 80

/** As RFC 6901 wants it; a client's own key is cut. */
function escaped(part: string): string {
  return part.slice(0, POINTER_CHARS_MAX).replaceAll('~', '~0').replaceAll('/', '~1')
}
