import type { EventInput } from '../../contract/event.ts'
import { textOf } from './attributes.ts'
import type { Node } from './node.ts'
import type { Attributes } from './span.ts'

/** Clients whose spans, logs and metrics tell of the same calls, by the scopes of their instrumentation. */
const CLIENTS: readonly (readonly [RegExp, string])[] = [
  [/^com\.anthropic\.claude_code/, 'claude-code'],
  [/^codex/, 'codex'],
  [/gemini[-_]cli/, 'gemini-cli'],
]

export function clientOf(scope: string): string | undefined {
  return CLIENTS.find(([pattern]) => pattern.test(scope))?.[1]
}

/**
 * What tells a call of such a client apart where it does not tell the id of the answer: spans and logs name the same
 * session, which is a UUID, and the same counts (docs/decisions/0030-one-call-from-one-signal.md).
 */
export function sessionCallId({ span, names, isRollUp }: Node, tokens: Partial<EventInput>): string | undefined {
  const client = clientOf(span.scope)
  const session = names?.session_id
  const { tokens_prompt, tokens_completion, tokens_cached, tokens_cache_write } = tokens
  if (client === undefined || session == null || isRollUp || !tokens_prompt) return undefined
  return `${client}/${tokens_prompt}-${tokens_completion ?? 0}-${tokens_cached ?? 0}-${tokens_cache_write ?? 0}/${session}`
}

const ACCOUNT_CHARS_MAX = 300

/**
 * Whose calls a span, a record or a data point tells of, the narrowest first: the session of such a client, and the
 * service. Signals of one call share one of them; of Codex's only records and spans name the session.
 */
export function accountsOf(scope: string, resource: Attributes, session: string | undefined): string[] {
  const client = clientOf(scope)
  const service = `service/${textOf(resource['service.namespace']) ?? ''}/${textOf(resource['service.name']) ?? ''}`
  const accounts = client === undefined || session === undefined ? [service] : [`${client}/${session}`, service]
  return accounts.map((account) => account.slice(0, ACCOUNT_CHARS_MAX))
}
