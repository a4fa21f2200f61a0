import { countAt, textAt } from './attributes.ts'
import { ancestorsOf, startOf, type Node } from './node.ts'

/** Calls that begin this much before the failed one ended ran beside it. */
const SLACK_MS = 2

/** What siblings show of a call: that it repeats one that failed, or that its model took over from one that failed. */
export function tellAttempts(nodes: readonly Node[]): void {
  const siblings = new Map<string, Node[]>()
  for (const node of nodes) {
    if (node.kind !== 'llm') continue
    node.fallbackFrom = anotherModel(node)
    const { parentId } = outermost(node)
    if (parentId === undefined) continue
    const place = `${node.span.traceId} ${parentId}`
    const others = siblings.get(place)
    if (others) others.push(node)
    else siblings.set(place, [node])
  }
  for (const calls of siblings.values()) if (calls.length > 1) tellSiblings(calls)
}

/** Where a call hangs that two instrumentations tell, one within the other. */
function outermost(node: Node): Node {
  const { copy } = node
  return copy !== undefined && [...ancestorsOf(node)].includes(copy) ? copy : node
}

function tellSiblings(calls: Node[]): void {
  calls.sort((a, b) => startOf(a) - startOf(b))
  let failed = 0
  calls.forEach((call, index) => {
    const before = calls[index - 1]
    const follows =
      before !== undefined && before.result.status === 'error' && startOf(call) + SLACK_MS >= before.span.endMs
    if (!follows) failed = 0
    else if (modelOf(before) === modelOf(call)) call.retries = ++failed
    else {
      failed = 0
      call.fallbackFrom = modelOf(before)
    }
  })
}

/** As it was asked for: what answered has a date behind its name. */
export function modelOf({ facts }: Node): string | undefined {
  return textAt(facts, 'requested_model') ?? textAt(facts, 'model')
}

/** Tries before this call, by its own word: HTTP's counter, or Claude Code's, which begins with 1. */
export function toldRetries({ span, facts }: Node): number {
  const resent = countAt(facts, 'resend_count')
  if (resent !== undefined) return resent
  return span.scope.startsWith('com.anthropic.claude_code') ? Math.max(0, (countAt(facts, 'attempt') ?? 1) - 1) : 0
}

const FAMILY = /^(gpt|o\d|claude|gemini|mistral|llama|deepseek|command|grok)[-.\d]/
const ALIAS = /latest|preview|auto/
const VERSION = /[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4})$/

/** The model that was asked for, where the answer is plainly another's; names of deployments and aliases tell nothing. */
function anotherModel({ facts }: Node): string | undefined {
  const asked = textAt(facts, 'requested_model')
  const answered = textAt(facts, 'model')
  if (asked === undefined || answered === undefined || !FAMILY.test(asked) || !FAMILY.test(answered)) return undefined
  if (ALIAS.test(asked) || ALIAS.test(answered)) return undefined
  return asked.replace(VERSION, '') === answered.replace(VERSION, '') ? undefined : asked
}
