import type { EventInput } from '../../contract/event.ts'
import type { Node } from './node.ts'

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
