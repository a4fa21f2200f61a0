import { textAt } from './attributes.ts'
import type { Facts } from './facts.ts'

/** Where an instrumentation keeps the provider's answer as it came (OpenInference), its id is in there. */
const IN_ANSWER = /"id":\s*"((?:chatcmpl-|resp_|msg_)[\w-]+)"/
const ANSWER_CHARS_MAX = 65_536

/** What the provider called its answer, by an attribute or, where there is none, by the answer itself. */
export function responseIdOf(facts: Facts): string | undefined {
  const told = textAt(facts, 'response_id')
  if (told !== undefined) return told
  const { output } = facts
  if (typeof output !== 'string' || !output.startsWith('{')) return undefined
  return IN_ANSWER.exec(output.length > ANSWER_CHARS_MAX ? output.slice(0, ANSWER_CHARS_MAX) : output)?.[1]
}
