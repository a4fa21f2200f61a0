import { SETTLEMENT, type CanonicalEvent, type CostSource } from '../contract/event.ts'
import { costNanousd, serviceOf, type Usage } from './price.ts'
import type { PriceBook } from './price-book.ts'
import { isTelling } from './response-id.ts'

/** Event types that can cost money; the others describe work that is reported elsewhere. */
const BEARING = new Set([
  'agent.request.completed',
  'agent.step.completed',
  'agent.tool.called',
  'agent.tool.failed',
  'agent.retry',
  SETTLEMENT,
])

export interface Priced {
  cost_nanousd: number
  cost_source: CostSource
  price_version: string
}

/**
 * What an event costs: as reported, else the organization's price of a call of this tool, else computed from tokens,
 * else `unpriced` (0 until repriced, and shown as such). Null for an event that bears no cost.
 */
export function priceOf(event: CanonicalEvent, prices: PriceBook): Priced | null {
  if (!BEARING.has(event.event_type)) return null
  if (event.cost_nanousd !== undefined)
    return { cost_nanousd: event.cost_nanousd, cost_source: 'reported', price_version: '' }
  if (event.event_type === 'agent.tool.called' && event.tool_name !== undefined) {
    const call = prices.perCall(event.tool_name, event.timestamp)
    if (call !== null) return { cost_nanousd: call.nanousd, cost_source: 'computed', price_version: call.version }
  }
  const usage = usageOf(event)
  if (usage.prompt + usage.completion === 0 || event.model === undefined) return null
  const rates = prices.rates(event.provider ?? '', event.model, event.timestamp)
  const cost = rates === null ? null : costNanousd(usage, rates)
  if (rates === null || cost === null) return { cost_nanousd: 0, cost_source: 'unpriced', price_version: '' }
  return { cost_nanousd: cost, cost_source: 'computed', price_version: rates.version }
}

/** What a call of a model used, as far as prices tell it apart. */
export function usageOf(event: CanonicalEvent): Usage {
  return {
    prompt: event.tokens_prompt ?? 0,
    completion: event.tokens_completion ?? 0,
    cached: event.tokens_cached ?? 0,
    cacheWrite: event.tokens_cache_write ?? 0,
    reasoning: event.tokens_reasoning ?? 0,
    cacheWrite1h: event.tokens_cache_write_1h ?? 0,
    audioPrompt: event.tokens_prompt_audio ?? 0,
    ...(event.tokens_cached_audio !== undefined && { audioCached: event.tokens_cached_audio }),
    imagePrompt: event.tokens_prompt_image ?? 0,
    audioCompletion: event.tokens_completion_audio ?? 0,
    imageCompletion: event.tokens_completion_image ?? 0,
    ...(event.attributes?.['agentops.signal'] === 'metrics' && { isSum: true }),
    ...(event.service_tier !== undefined && { service: event.service_tier }),
  }
}

const PARTS = [
  'tokens_cache_write_1h',
  'tokens_prompt_audio',
  'tokens_cached_audio',
  'tokens_prompt_image',
  'tokens_completion_audio',
  'tokens_completion_image',
  'service_tier',
] as const
export type UsageParts = Pick<CanonicalEvent, (typeof PARTS)[number]>

/** What a price depends on besides the ledger's columns, as the ledger keeps it; empty where there is none of it. */
export function partsText(event: CanonicalEvent): string {
  // Few calls have any: nothing is made for the others.
  if (!PARTS.some((name) => event[name] !== undefined)) return ''
  const parts = PARTS.filter((name) => event[name] !== undefined).map((name) => [name, event[name]])
  const isStandard = parts.every(([name, value]) => name === 'service_tier' && serviceOf(String(value)) === 'standard')
  return isStandard ? '' : JSON.stringify(Object.fromEntries(parts))
}

export function partsOf(text: string): UsageParts {
  return text === '' ? {} : (JSON.parse(text) as UsageParts)
}

/** Reports of one call end within seconds of one another; an id that comes again later is another call's. */
export const ANSWER_WINDOW_MS = 600_000
const TIME_CHARS = 9

/**
 * The identity under which an event is paid once. A call of a model is that of its answer, whoever reports it
 * (docs/decisions/0027-one-call-reported-twice.md). Else a client's `event_id` stands alone, and without one the same
 * span, type, time, attempt, tool and model are the same event. The time leads the key, so that inserts stay local in the
 * ledger's tree.
 */
export function eventKey(event: CanonicalEvent, shortHash: (text: string) => string): string {
  const answer = answerOf(event)
  if (answer !== undefined) return answerKey(event.timestamp) + shortHash(answer)
  if (event.event_id !== undefined) return `i${shortHash(event.event_id)}`
  const { event_type, trace_id, span_id, attempt, tool_name, model } = event
  const identity = [event_type, trace_id, span_id, attempt ?? '', tool_name ?? '', model ?? ''].join('\n')
  return timeKey(event.timestamp) + shortHash(identity)
}

/**
 * What tells a call by its answer: the provider's id, and the counts, which differ where a server repeats its ids. Models
 * are named differently by reports of one call. What was reserved is settled under the reservation.
 */
function answerOf(event: CanonicalEvent): string | undefined {
  const { event_type, response_id, reservation_id, tokens_prompt = 0, tokens_completion = 0 } = event
  if (response_id === undefined || reservation_id !== undefined || event_type !== 'agent.step.completed')
    return undefined
  if (!isTelling(response_id)) return undefined
  return [response_id, tokens_prompt, tokens_completion].join('\n')
}

/** How keys of a moment's events begin, unless a client gave them an id of their own. */
export function timeKey(ms: number): string {
  return `t${timeChars(ms)}`
}

/** How keys of calls begin that are told by their answer: with the window in which they ended. */
export function answerKey(ms: number): string {
  return `r${timeChars(Math.floor(ms / ANSWER_WINDOW_MS) * ANSWER_WINDOW_MS)}`
}

/** The moment that a key tells, to the window in which a call ended; null where a client gave it an id of its own. */
export function keyTime(key: string): number | null {
  return /^[tr]/.test(key) ? Number.parseInt(key.slice(1, 1 + TIME_CHARS), 36) : null
}

function timeChars(ms: number): string {
  return Math.max(0, ms).toString(36).padStart(TIME_CHARS, '0')
}
