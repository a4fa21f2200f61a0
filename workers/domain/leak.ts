import { SETTLEMENT, type CanonicalEvent } from '../contract/event.ts'
import type { Leak } from '../contract/metrics.ts'
import type { Priced } from './ledger.ts'

/** Calls of a model for one step of a trace that are no loop yet. */
export const LOOP_CALLS = 5
/** Calls of a tool with the same arguments that are no repetition yet. */
export const TOOL_CALLS = 3
/** Prompt tokens that no cache holds, beyond which a context is too large … */
export const CONTEXT_TOKENS = 16_000
/** … where they are also more than so many times the tokens of the answer. */
export const CONTEXT_RATIO = 10

/** What of a ledger entry leaked, and how: at most what the entry cost. */
export interface Leaked {
  leak: Leak
  nanousd: number
}

/** What leaks of one event of a batch, the events being told in their order; null for most. */
export type LeakFinder = (event: CanonicalEvent, priced: Priced | null) => Leaked | null

/**
 * Finds leaks in one batch. The first kind of leak that applies has the money, so that no dollar is in two. Calls are
 * counted by batch, so that a batch that comes again says the same, whatever it is applied with; the same call twice
 * in a batch is one. Formulas and limits: docs/leaks.md.
 */
export function leakFinder(): LeakFinder {
  const calls: Calls = new Map()
  return (event, priced) => {
    const place = placeOf(event)
    const turn = place === null ? 0 : turnOf(calls, place, event)
    if (priced === null || priced.cost_nanousd <= 0 || event.event_type === SETTLEMENT) return null
    const whole = (leak: Leak): Leaked => ({ leak, nanousd: priced.cost_nanousd })
    if (event.status === 'error' || event.status === 'blocked') return whole('failed_call')
    if (event.event_type === 'agent.retry' || (event.attempt ?? 0) >= 1) return whole('retry')
    const isTool = event.event_type.startsWith('agent.tool.')
    if (event.error_type === 'loop_detected' || (!isTool && turn > LOOP_CALLS)) return whole('loop')
    if (isTool && turn > TOOL_CALLS) return whole('repeated_tool')
    return oversized(event, priced.cost_nanousd)
  }
}

/** What a call is a repetition of when it comes again: null for what is no call, or cannot be told from others. */
function placeOf(event: CanonicalEvent): string | null {
  const { event_type, trace_id, agent_id = '', model, tool_name } = event
  const step = isSpan(event) ? undefined : event.step
  if (event_type === 'agent.step.completed' && model !== undefined)
    return tellsStep(step, model) ? `${trace_id}\0${agent_id}\0${step}` : null
  if ((event_type !== 'agent.tool.called' && event_type !== 'agent.tool.failed') || tool_name === undefined) return null
  const args = argumentsOf(event)
  if (args !== null) return `${trace_id}\0${tool_name}\0=${args}`
  return tellsStep(step, tool_name) ? `${trace_id}\0${tool_name}\0@${step}` : null
}

/** A span has the name that its instrumentation gives to all spans of its kind (`ai.toolCall`, `claude_code.llm_request`). */
function isSpan({ attributes }: CanonicalEvent): boolean {
  return attributes?.['agentops.mapper.version'] !== undefined
}

/** OpenTelemetry names spans after what is called: such a name is the same for calls that have nothing in common. */
const OPERATION = /^(chat|text_completion|generate_content|embeddings|execute_tool)\b/

function tellsStep(step: string | undefined, called: string): step is string {
  return step !== undefined && !step.includes(called) && !OPERATION.test(step)
}

/** The arguments of a tool, or their hash, where the client tells them. */
function argumentsOf({ attributes = {} }: CanonicalEvent): string | null {
  const args = attributes['tool_args_hash'] ?? attributes['gen_ai.tool.call.arguments']
  if (args === undefined || args === null) return null
  return typeof args === 'string' ? args : JSON.stringify(args)
}

/** Calls that were seen at a place: nearly always one, which needs no set. */
type Calls = Map<string, string | Set<string>>

/** The how manieth of its kind a call is. */
function turnOf(calls: Calls, place: string, event: CanonicalEvent): number {
  const { event_id, span_id, timestamp, attempt = '' } = event
  const call = event_id ?? `${timestamp}\0${span_id}\0${attempt}`
  const seen = calls.get(place)
  if (seen === undefined) calls.set(place, call)
  else if (typeof seen !== 'string') return seen.add(call).size
  else if (seen !== call) calls.set(place, new Set([seen, call]))
  return seen === undefined || seen === call ? 1 : 2
}

/** Of what the call cost, the share that the tokens beyond the limit have of all of its tokens, rounded down. */
function oversized(event: CanonicalEvent, costNanousd: number): Leaked | null {
  const nanousd = oversizedShare(event, costNanousd)
  return nanousd === 0 ? null : { leak: 'oversized_context', nanousd }
}

type Tokens = Pick<CanonicalEvent, 'tokens_prompt' | 'tokens_completion' | 'tokens_cached' | 'tokens_cache_write'>

function oversizedShare(tokens: Tokens, costNanousd: number): number {
  const { tokens_prompt: prompt = 0, tokens_completion: completion = 0 } = tokens
  const uncached = prompt - (tokens.tokens_cached ?? 0) - (tokens.tokens_cache_write ?? 0)
  if (uncached <= CONTEXT_TOKENS || uncached <= CONTEXT_RATIO * completion) return 0
  return Number((BigInt(costNanousd) * BigInt(uncached - CONTEXT_TOKENS)) / BigInt(prompt + completion))
}

/** What leaks of an entry whose leak is known, when it costs so much. */
export function leakedShare(leak: string, tokens: Tokens, costNanousd: number): number {
  return leak === 'oversized_context' ? oversizedShare(tokens, costNanousd) : costNanousd
}
