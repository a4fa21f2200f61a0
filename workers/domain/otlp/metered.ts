import type { CanonicalEvent } from '../../contract/event.ts'
import type { HeldEvents, MeterGroup, TokenField } from '../../contract/signals.ts'
import { COUNT_MAX } from '../../contract/event.ts'
import { normaliseTokens } from '../tokens.ts'
import { advance, type Account } from './meter.ts'

/** What of a request is new: the event of a group, and whether calls may tell the same. */
export interface Metered extends HeldEvents {
  isUsage: boolean
}

/** Reads a group's counters; null where they counted nothing since they were last read. */
export function meterGroup(account: Account, group: MeterGroup): Metered | null {
  const tokens: Partial<Record<TokenField, number>> = {}
  const counts: Record<string, number> = {}
  let [fromMs, toMs] = [Number.MAX_SAFE_INTEGER, 0]
  for (const reading of group.readings) {
    const more = advance(account, reading)
    if (more === null || more.value === 0) continue
    fromMs = Math.min(fromMs, more.from_ms)
    toMs = Math.max(toMs, more.to_ms)
    const { field } = reading
    if ('tokens' in field) tokens[field.tokens] = (tokens[field.tokens] ?? 0) + more.value
    else counts[field.attribute] = (counts[field.attribute] ?? 0) + more.value
  }
  if (toMs === 0) return null
  const isUsage = Object.keys(tokens).length > 0
  const event = JSON.parse(group.template) as CanonicalEvent
  event.timestamp = toMs
  if (isUsage) setTokens(event, tokens, group)
  else event.attributes = { ...event.attributes, ...counts }
  return { account: group.account, from_ms: fromMs, to_ms: toMs, events: [JSON.stringify(event)], isUsage }
}

function setTokens(
  event: CanonicalEvent,
  told: Partial<Record<TokenField, number>>,
  { cache_apart, reasoning_apart }: MeterGroup,
): void {
  const counts = Object.fromEntries(
    Object.entries(told).map(([field, count]) => [field, Math.min(Math.round(count), COUNT_MAX)]),
  )
  const convention = { cache: cache_apart ? 'exclusive' : 'inclusive', reasoningApart: reasoning_apart } as const
  // A sum of calls without cached tokens has none apart from its prompt.
  const tokens = normaliseTokens({ prompt: 0, completion: 0, ...counts }, convention)
  event.tokens_prompt = tokens.prompt
  event.tokens_completion = tokens.completion
  event.tokens_total = tokens.total
  if (tokens.cached > 0) event.tokens_cached = tokens.cached
  if (tokens.cacheWrite > 0) event.tokens_cache_write = tokens.cacheWrite
  if (tokens.reasoning > 0) event.tokens_reasoning = tokens.reasoning
}
