import type { CanonicalEvent } from '../../workers/contract/event.ts'

/** Repeatable random numbers (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
const maybe = <T>(random: () => number, chance: number, value: T): T | undefined =>
  random() < chance ? value : undefined

/** Events of every kind with every field that metrics and spend look at, some of them left out; no two are the same. */
export function randomEvents(seed: number, count: number, fromMs: number, toMs: number): CanonicalEvent[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) =>
    randomEvent(random, i, fromMs + Math.floor(random() * (toMs - fromMs))),
  )
}

const TYPES = [
  'agent.request.completed',
  'agent.request.completed',
  'agent.step.completed',
  'agent.step.completed',
  'agent.step.completed',
  'agent.tool.called',
  'agent.tool.failed',
  'agent.retry',
  'agent.fallback.triggered',
  'agent.policy.decision',
  'agent.step.started',
] as const

function randomEvent(random: () => number, serial: number, timestamp: number): CanonicalEvent {
  const event_type = pick(random, TYPES)
  const status = pick(random, ['ok', 'ok', 'ok', 'error', 'cancelled', 'blocked', undefined] as const)
  const modelled =
    event_type !== 'agent.policy.decision' && random() < (event_type === 'agent.step.completed' ? 0.8 : 0.2)
  const event: CanonicalEvent = {
    event_type,
    timestamp,
    trace_id: `trace-${serial}`,
    span_id: `span-${serial}`,
    status,
    event_id: maybe(random, 0.4, `event-${serial}`),
    // A provider's id, which keys the entry of a call by its answer: without a draw, so that seeds mean what they did.
    response_id: serial % 2 === 0 ? `chatcmpl-${serial.toString(16).padStart(24, 'a')}0` : undefined,
    user_id: maybe(random, 0.7, `user-${Math.floor(random() * 6)}`),
    agent_id: maybe(random, 0.9, pick(random, ['a1', 'a2'])),
    workflow_id: maybe(random, 0.9, pick(random, ['w1', 'w2', 'w3'])),
    workflow_version: maybe(random, 0.5, pick(random, ['v1', 'v2'])),
    step: maybe(random, 0.6, pick(random, ['plan', 'act'])),
    environment: maybe(random, 0.9, pick(random, ['production', 'staging'])),
    provider: modelled ? pick(random, ['openai', 'anthropic']) : undefined,
    model: modelled ? pick(random, ['m1', 'm2', "m'3"]) : undefined,
    prompt_version: maybe(random, 0.3, 'p1'),
    tool_name: event_type.startsWith('agent.tool') ? pick(random, ['search', 'sql']) : undefined,
    error_type:
      status === 'error' || status === 'blocked'
        ? maybe(random, 0.8, pick(random, ['timeout', 'rate_limit']))
        : undefined,
    outcome:
      event_type === 'agent.request.completed' ? pick(random, ['success', 'failure', undefined] as const) : undefined,
    latency_ms: maybe(random, 0.8, Math.exp(random() * 10) - 1),
    policy_id: event_type === 'agent.policy.decision' ? 'pol-1' : undefined,
    policy_result: event_type === 'agent.policy.decision' ? pick(random, ['allow', 'block'] as const) : undefined,
    // Now and then a sum that a double cannot hold.
    cost_nanousd: maybe(random, 0.5, random() < 0.05 ? 999_999_999_999_999 : Math.floor(random() * 5e9)),
  }
  if (modelled && random() < 0.8) {
    const cached = Math.floor(random() * 50)
    Object.assign(event, {
      tokens_prompt: 100 + cached,
      tokens_completion: Math.floor(random() * 500),
      tokens_cached: cached,
      tokens_cache_write: Math.floor(random() * 20),
      tokens_reasoning: Math.floor(random() * 9),
    })
  }
  Object.assign(event, randomFacts(randomOf(serial * 7919 + 1), event_type))
  // Absent means unknown: nothing is undefined in what the edge sends on.
  return JSON.parse(JSON.stringify(event)) as CanonicalEvent
}

/** What events tell besides, from random numbers of their own. */
function randomFacts(random: () => number, event_type: CanonicalEvent['event_type']): Partial<CanonicalEvent> {
  const some = () => Math.floor(random() * 4)
  return {
    attempt: maybe(random, 0.2, some()),
    queue_depth: maybe(random, 0.2, Math.floor(random() * 30)),
    scores: maybe(random, 0.3, { quality: random(), marks: random() * 12 - 6, ...(random() < 0.2 && { far: 20_000 }) }),
    egress_host: event_type.startsWith('agent.step')
      ? maybe(random, 0.3, pick(random, ['a.example', 'b.example']))
      : undefined,
    pii_detected: maybe(random, 0.3, random() < 0.3 ? some() : { email: some(), iban: some() }),
    pii_redacted: maybe(random, 0.3, random() < 0.3 ? some() : { email: some() }),
  }
}
