import { randomOf, type Random } from '../../examples/fleet/random.ts'
import { usdOf, type Entry, type Totals } from './totals.ts'

/** A batch with the totals it must add once, however often it is sent. */
export interface ChaosBatch {
  body: string
  /** Adds what the batch holds to the expected totals; called once, when it was first acknowledged. */
  count(totals: Totals): void
}

interface Made {
  event: Record<string, unknown>
  entry?: Entry
}

/** Prices in nano-dollars per token, written down here so that the product's own catalogue is not its judge. */
const PRICED = [
  { provider: 'openai', model: 'gpt-4o', input: 2500n, cached: 1250n, output: 10_000n },
  { provider: 'openai', model: 'gpt-4o-mini', input: 150n, cached: 75n, output: 600n },
  { provider: 'anthropic', model: 'claude-haiku-4-5', input: 1000n, cached: 100n, output: 5000n },
]
const UNKNOWN = { provider: 'acme-gpu', model: 'acme-chaos-7b' }
const AGENTS = ['alpha', 'beta', 'gamma']
const REPEATS_KEPT = 200

/** Makes batches one after another, the same for one seed and lane. */
export function chaosBatches(seed: number, lane: string, nowMs: number): () => ChaosBatch {
  const random = randomOf(seed, 'chaos', lane)
  const earlier: Made[] = []
  return () => {
    const made = Array.from({ length: random.integer(1, 8) }, () => makeTrace(random, nowMs)).flat()
    // A client that sends an event again in another batch: counted as an event, paid once.
    if (earlier.length > 0 && random.chance(0.3)) made.push(random.pick(earlier))
    for (const one of made) if (one.entry && random.chance(0.1)) earlier.push(one)
    if (earlier.length > REPEATS_KEPT) earlier.splice(0, earlier.length - REPEATS_KEPT)
    return {
      body: JSON.stringify({ events: made.map(({ event }) => event) }),
      count: (totals) => countBatch(totals, made),
    }
  }
}

function countBatch(totals: Totals, made: readonly Made[]): void {
  totals.batches++
  totals.events += made.length
  for (const { event, entry } of made) {
    totals.traceIds.add(String(event['trace_id']))
    if (event['event_type'] === 'agent.request.completed') totals.requests++
    if (event['event_type'] === 'agent.step.completed') totals.llmCalls++
    if (entry) totals.pay(entry)
  }
}

function makeTrace(random: Random, nowMs: number): Made[] {
  const trace_id = random.hex(32)
  const common = {
    trace_id,
    agent_id: random.pick(AGENTS),
    workflow_id: `flow-${random.integer(1, 4)}`,
    workflow_version: random.pick(['v1', 'v2']),
    user_id: `user-${random.integer(1, 20)}`,
    environment: 'test',
  }
  const startMs = nowMs - random.integer(0, 6 * 3_600_000)
  const calls = Array.from({ length: random.integer(1, 5) }, (_, i) => makeCall(random, common, i, startMs))
  const root = {
    ...common,
    event_type: 'agent.request.completed',
    timestamp: startMs + 5000,
    span_id: 'root',
    status: 'ok',
    latency_ms: 5000,
  }
  return [...calls, { event: root }]
}

type Common = { trace_id: string; agent_id: string; workflow_id: string; user_id: string }

function makeCall(random: Random, common: Common, index: number, startMs: number): Made {
  const prompt = random.integer(1, 50_000)
  const completion = random.integer(1, 4000)
  const cached = random.chance(0.4) ? random.integer(0, prompt) : 0
  const priced = priceOf(random, prompt, completion, cached)
  const span_id = `call-${index}`
  return {
    event: {
      ...common,
      event_type: 'agent.step.completed',
      timestamp: startMs + index,
      span_id,
      parent_span_id: 'root',
      step: 'call',
      provider: priced.provider,
      model: priced.model,
      status: 'ok',
      latency_ms: random.integer(50, 5000),
      tokens_prompt: prompt,
      tokens_completion: completion,
      ...(cached > 0 && { tokens_cached: cached }),
      ...(priced.reported && { cost_usd: usdOf(priced.cost) }),
    },
    entry: {
      identity: `${common.trace_id} ${span_id}`,
      agent: common.agent_id,
      workflow: common.workflow_id,
      user: common.user_id,
      provider: priced.provider,
      model: priced.model,
      cost: priced.cost,
      prompt,
      completion,
    },
  }
}

function priceOf(random: Random, prompt: number, completion: number, cached: number) {
  const draw = random.next()
  if (draw < 0.1) return { ...UNKNOWN, cost: 0n, reported: false }
  const rate = random.pick(PRICED)
  // The provider's own figure, down to the last nano-dollar.
  if (draw < 0.5)
    return {
      provider: rate.provider,
      model: rate.model,
      cost: BigInt(random.integer(0, 3_000_000_000)),
      reported: true,
    }
  const cost = BigInt(prompt - cached) * rate.input + BigInt(cached) * rate.cached + BigInt(completion) * rate.output
  return { provider: rate.provider, model: rate.model, cost, reported: false }
}
