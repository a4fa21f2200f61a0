import { COUNT_MAX, type CanonicalEvent } from '../../contract/event.ts'
import type { PiiCounts, PiiType } from './finding.ts'
import { redactJson, redactStrings, redactText } from './redact.ts'

/** What is a person's or a secret wherever it stands; addresses and telephones of machines are what attributes are for. */
const IN_ATTRIBUTES: ReadonlySet<PiiType> = new Set([
  'email',
  'card',
  'iban',
  'ssn',
  'agentops_key',
  'aws_key',
  'provider_key',
  'github_token',
  'slack_token',
  'jwt',
  'bearer_token',
  'private_key',
  'url_credentials',
])

/**
 * Takes personal data and secrets out of an event whose content is kept, before anything of it is stored, and adds what was
 * found to what the client reported. Ids and names of the schema stay.
 */
export function redactEvent(event: CanonicalEvent): void {
  const counts: PiiCounts = {}
  if (event.error_message !== undefined) event.error_message = redactText(event.error_message, counts)
  if (event.input !== undefined) event.input = redactJson(event.input, counts)
  if (event.output !== undefined) event.output = redactJson(event.output, counts)
  if (event.attributes !== undefined) {
    event.attributes = redactStrings(event.attributes, counts, IN_ATTRIBUTES) as Record<string, unknown>
  }
  for (const _ in counts) {
    event.pii_detected = withReported(event.pii_detected, counts)
    event.pii_redacted = withReported(event.pii_redacted, counts)
    return
  }
}

/** A client that reports a plain number does not say of what. */
function withReported(
  reported: number | Record<string, number> | undefined,
  counts: PiiCounts,
): Record<string, number> {
  const sums = new Map(Object.entries(typeof reported === 'number' ? { reported } : (reported ?? {})))
  for (const [type, count] of Object.entries(counts)) {
    sums.set(type, Math.min((sums.get(type) ?? 0) + count, COUNT_MAX))
  }
  return Object.fromEntries(sums)
}
