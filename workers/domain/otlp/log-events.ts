import { textOf } from './attributes.ts'
import type { FlatLog } from './log-record.ts'
import { clientOf } from './session-call.ts'
import type { Attributes } from './span.ts'

/**
 * What a log record becomes. `call`: of a model, with its usage or its error. `tool`: a tool that ran. `decision`:
 * whether it may. `prompt`: a person asked, and a run began. `attempt`: a request to the provider, which tells something
 * where it is not the first, or failed. `content`: what was said to and by a model.
 */
export type LogKind = 'call' | 'tool' | 'decision' | 'prompt' | 'attempt' | 'content'

/** Event name → what it becomes. Names that are in no row are left out and counted. */
const EVENTS: Readonly<Record<string, LogKind>> = {
  'claude_code.user_prompt': 'prompt',
  'claude_code.api_request': 'call',
  'claude_code.api_error': 'call',
  'claude_code.tool_result': 'tool',
  'claude_code.tool_decision': 'decision',
  'codex.user_prompt': 'prompt',
  'codex.api_request': 'attempt',
  'codex.sse_event': 'call',
  'codex.tool_decision': 'decision',
  'codex.tool_result': 'tool',
  'gemini_cli.user_prompt': 'prompt',
  'gemini_cli.api_response': 'call',
  'gemini_cli.api_error': 'call',
  'gemini_cli.tool_call': 'tool',
  'gen_ai.client.inference.operation.details': 'call',
  'gen_ai.system.message': 'content',
  'gen_ai.user.message': 'content',
  'gen_ai.assistant.message': 'content',
  'gen_ai.tool.message': 'content',
  'gen_ai.choice': 'content',
  'agent.policy.decision': 'decision',
}

/** The table's name of a record: by its event name, in the field or in the attribute, or by its body (Claude Code). */
export function logNameOf({ attributes, eventName, body }: FlatLog): string | undefined {
  const told = [attributes['event.name'], eventName, body].find(
    (name): name is string => typeof name === 'string' && Object.hasOwn(EVENTS, name),
  )
  return told
}

/** The row of a record; undefined where it tells nothing that becomes an event. */
export function logKindOf(log: FlatLog, name: string): LogKind | undefined {
  const kind = EVENTS[name]
  const { attributes } = log
  // Parts of a stream are told one by one: 103 records of a turn, of which 8 count tokens.
  if (name === 'codex.sse_event') {
    if (attributes['event.kind'] === 'response.failed') return kind
    return attributes.input_token_count === undefined ? undefined : kind
  }
  if (name === 'codex.api_request') return isNews(attributes) ? kind : undefined
  // `gemini_cli.api_response` beside it tells the same call, with all its parts.
  if (name.startsWith('gen_ai.client.') && clientOf(log.scope) === 'gemini-cli') return undefined
  // What a span tells is counted there.
  if (name.startsWith('gen_ai.client.') && log.isSampled) return 'content'
  return kind
}

function isNews({ attempt, 'http.response.status_code': status, 'error.message': message }: Attributes): boolean {
  return Number(attempt) > 0 || Number(status) >= 400 || textOf(message) !== undefined
}
