import { setTimeout as sleep } from 'node:timers/promises'
import { randomOf, type Random } from '../../examples/fleet/random.ts'
import type { BudgetSeen, ReserveAnswer, SettleAnswer } from '../../workers/contract/guard.ts'
import { GAVE_UP, type GuardClient } from './guard-client.ts'
import { usdOf } from './totals.ts'

/** Nano-dollars that the ledger must have of an agent: what was acknowledged, and that with what was sent. */
export interface Account {
  least: bigint
  most: bigint
}

export interface GuardFleet {
  accounts: Map<string, Account>
  /** Pieces of work that have come to an end, refused ones included. */
  ended: number
  allowed: number
  refused: number
  /** Reservations that were left to expire. */
  left: number
  /** Acknowledged settle calls and events that were told again. */
  repeated: number
  /** Reservations of which an agent gave up telling. */
  abandoned: Set<string>
  /** States of the budget that were looked at. */
  looks: number
  /** Every moment in which it was over its limit, and whatever else may never be. */
  broken: string[]
}

export interface AgentsOptions {
  agents: number
  /** Pieces of work for each agent. */
  works: number
  seed: number
  /** No new work after it. */
  untilMs: number
  estimateMax: number
}

export const newFleet = (): GuardFleet => ({
  accounts: new Map(),
  ended: 0,
  allowed: 0,
  refused: 0,
  left: 0,
  repeated: 0,
  abandoned: new Set(),
  looks: 0,
  broken: [],
})

const ENDINGS = ['settle', 'parts', 'event', 'events', 'both', 'event after its settle', 'never'] as const
/** Time enough for any report: one that comes too late counts in full, also past the limit. */
const TTL_S = 3600
const TTL_S_LEFT = 3
const PATIENCE = 0.9
const KEPT_MAX = 20

/** Agents that all begin at once, and resolve when each has told all it had to tell or has given up. */
export async function runAgents(client: GuardClient, fleet: GuardFleet, options: AgentsOptions) {
  await Promise.all(
    Array.from({ length: options.agents }, async (_, i) => {
      const agent: Agent = { name: `agent ${i}`, client, fleet, random: randomOf(options.seed, 'agent', i), kept: [] }
      for (let n = 0; n < options.works && Date.now() < options.untilMs; n++) {
        await work(agent, n, options.estimateMax)
        fleet.ended++
      }
    }),
  )
}

interface Agent {
  name: string
  client: GuardClient
  fleet: GuardFleet
  random: Random
  /** Acknowledged events, which may be sent again in another batch. */
  kept: object[]
}

async function work(agent: Agent, n: number, estimateMax: number): Promise<void> {
  const { random, fleet, name } = agent
  const estimate = random.integer(1, estimateMax)
  const ending = random.pick(ENDINGS)
  const id = await reserve(agent, {
    estimate_usd: usdOf(BigInt(estimate)),
    agent_id: name,
    provider: 'openai',
    model: 'gpt-4o',
    idempotency_key: `${name} ${n}`,
    ttl_s: ending === 'never' ? random.integer(1, TTL_S_LEFT) : TTL_S,
    partial: ending === 'parts' || ending === 'events',
  })
  if (id === null) {
    fleet.refused++
    await sleep(random.integer(20, 200))
    return
  }
  fleet.allowed++
  if (ending === 'never') {
    fleet.left++
    return
  }
  const report = new Report(agent, id)
  const cost = random.integer(1, estimate)
  const first = random.integer(0, cost)
  if (ending === 'parts' && (await report.settle(first, false))) await report.settle(cost - first, true)
  if (ending === 'events') {
    await Promise.all([report.event('1', first), report.event('2', cost - first)])
    await report.settle(cost, true)
  }
  if (ending === 'event') await report.event('1', cost)
  if (ending === 'settle') await report.settle(cost, true)
  if (ending === 'both') await Promise.all([report.settle(cost, true), report.event('1', cost)])
  if (ending === 'event after its settle' && (await report.settle(cost, true))) await report.event('1', first)
  report.enter()
}

/** The reservation's id, or null when there is no room. Some ask twice at once, with the same key. */
async function reserve({ client, fleet, random, name }: Agent, body: object): Promise<string | null> {
  const ask = async () => {
    const answer = await client.tell<ReserveAnswer>('/v1/guard/reserve', body, random)
    if (answer === GAVE_UP) return null
    look(fleet, answer.budgets)
    return answer.reservation_id
  }
  const ids = new Set(await Promise.all(random.chance(0.15) ? [ask(), ask()] : [ask()]))
  ids.delete(null)
  if (ids.size > 1) fleet.broken.push(`${name} has ${ids.size} reservations for one key`)
  return [...ids][0] ?? null
}

/** What an agent tells of one reservation, and what of that was acknowledged; nano-dollars. */
class Report {
  readonly #agent: Agent
  readonly #id: string
  readonly #sent = { settled: 0, evented: 0 }
  readonly #acknowledged = { settled: 0, evented: 0 }

  constructor(agent: Agent, id: string) {
    this.#agent = agent
    this.#id = id
  }

  settle(cost: number, final: boolean): Promise<boolean> {
    const body = { reservation_id: this.#id, cost_usd: usdOf(BigInt(cost)), final }
    return this.#tell('settled', cost, '/v1/guard/settle', final ? body : { ...body, idempotency_key: 'part' })
  }

  async event(span_id: string, cost: number): Promise<boolean> {
    const { random, kept, name } = this.#agent
    const event = {
      event_type: 'agent.step.completed',
      timestamp: Date.now(),
      trace_id: random.hex(32),
      span_id,
      agent_id: name,
      step: 'call',
      provider: 'openai',
      model: 'gpt-4o',
      status: 'ok',
      latency_ms: 100,
      cost_usd: usdOf(BigInt(cost)),
      reservation_id: this.#id,
    }
    const earlier = kept.length > 0 && random.chance(0.2) ? [random.pick(kept)] : []
    const isTold = await this.#tell('evented', cost, '/v1/events', { events: [event, ...earlier] })
    if (isTold && kept.length < KEPT_MAX) kept.push(event)
    return isTold
  }

  /** The ledger has the greater of what was settled and what events cost. */
  enter(): void {
    const { accounts } = this.#agent.fleet
    const before = accounts.get(this.#agent.name) ?? { least: 0n, most: 0n }
    accounts.set(this.#agent.name, {
      least: before.least + BigInt(Math.max(this.#acknowledged.settled, this.#acknowledged.evented)),
      most: before.most + BigInt(Math.max(this.#sent.settled, this.#sent.evented)),
    })
  }

  async #tell(kind: 'settled' | 'evented', cost: number, path: string, body: object): Promise<boolean> {
    const { client, fleet, random } = this.#agent
    this.#sent[kind] += cost
    const once = () => client.tell<Partial<SettleAnswer>>(path, body, random, PATIENCE)
    const isAtOnce = random.chance(0.15)
    const answers = await Promise.all(isAtOnce ? [once(), once()] : [once()])
    const told = answers.filter((answer) => answer !== GAVE_UP)
    for (const { budgets } of told) look(fleet, budgets ?? [])
    if (told.length === 0) {
      fleet.abandoned.add(this.#id)
      return false
    }
    this.#acknowledged[kind] += cost
    fleet.repeated += told.length - 1
    if (random.chance(0.15) && (await once()) !== GAVE_UP) fleet.repeated++
    return true
  }
}

/** Notes when a hard budget is over its limit. */
export function look(
  fleet: GuardFleet,
  budgets: readonly Pick<BudgetSeen, 'limit_usd' | 'spent_usd' | 'reserved_usd'>[],
): void {
  for (const { limit_usd, spent_usd, reserved_usd } of budgets) {
    fleet.looks++
    if (nanoOf(spent_usd) + nanoOf(reserved_usd) > nanoOf(limit_usd))
      fleet.broken.push(`${spent_usd} spent + ${reserved_usd} reserved of ${limit_usd}`)
  }
}

/** US dollars with nine decimals → nano-dollars. */
export function nanoOf(usd: string): bigint {
  if (!/^\d+\.\d{9}$/.test(usd)) throw new Error(`${usd} is no amount with nine decimals`)
  return BigInt(usd.replace('.', ''))
}
