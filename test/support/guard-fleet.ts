import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { randomOf, type Random } from '../../examples/fleet/random.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { usd } from '../../workers/domain/money.ts'
import { nano, type worldOf } from './guard.ts'

type World = ReturnType<typeof worldOf>

/** What one agent does with what it was given. */
const ENDINGS = ['settle', 'parts', 'event', 'both', 'event after its settle', 'never'] as const

export interface Fleet {
  /** Nano-dollars that were spent, by each scope's id and by `all`; known to the agents alone. */
  spent: Map<string, number>
  allowed: number
  refused: number
  /** Calls that broke with the object and were made again. */
  retried: number
  /** Every moment in which a hard budget was seen over its limit. */
  passed: string[]
}

export interface FleetOptions {
  agents: number
  seed: number
  crashes: number
}

interface Scene {
  w: World
  fleet: Fleet
  /** Events on their way. */
  mail: CanonicalEvent[]
  disturb: () => void
}

const ESTIMATE_MAX = 400
const NEVER_TTL_S = 1
const TRIES_MAX = 40

/** Agents that all begin at once, while the object crashes and is evicted, and batches arrive twice. */
export async function runFleet(w: World, { agents, seed, crashes }: FleetOptions): Promise<Fleet> {
  const fleet: Fleet = { spent: new Map(), allowed: 0, refused: 0, retried: 0, passed: [] }
  const mail: CanonicalEvent[] = []
  const random = randomOf(seed, 'platform')
  const every = Math.floor(agents / (crashes + 1))
  let asked = 0
  let turn: Promise<unknown> = Promise.resolve()
  // Counted by what agents do, since timers stand still while they are busy.
  const disturb = () => {
    if (++asked % every !== 0) return
    const kill = asked % (2 * every) === 0 ? evictDurableObject(w.stub).catch(() => {}) : crash(w)
    const before = turn
    turn = kill.then(() => before).then(() => round())
  }
  const round = async () => {
    await postman(w, fleet, mail, random)
    look(fleet, await again(fleet, () => w.rpc().budgets()))
  }
  await Promise.all(
    Array.from({ length: agents }, (_, i) => agent({ w, fleet, mail, disturb }, i, randomOf(seed, 'agent', i))),
  )
  await turn
  await round()
  return fleet
}

async function agent({ w, fleet, mail, disturb }: Scene, i: number, random: Random): Promise<void> {
  const estimate = random.integer(1, ESTIMATE_MAX)
  const ending = random.pick(ENDINGS)
  const who = { agent_id: `bot ${i % 20}`, model: random.pick(['gpt-4o', 'gpt-4o-mini']), user_id: `u${i % 7}` }
  const more = {
    ...who,
    idempotency_key: `a${i}`,
    ttl_s: ending === 'never' ? NEVER_TTL_S : 3600,
    partial: ending === 'parts',
  }
  const ask = () => again(fleet, () => w.reserve(usd(estimate), more))
  const answers = await Promise.all(random.chance(0.2) ? [ask(), ask()] : [ask()])
  disturb()
  for (const { budgets } of answers) look(fleet, budgets)
  const ids = new Set(answers.flatMap(({ reservations }) => reservations.map((made) => made.reservation_id)))
  if (ids.size > 1) fleet.passed.push(`agent ${i} has two reservations for one key`)
  const [id] = ids
  if (id === undefined) {
    fleet.refused++
    return
  }
  fleet.allowed++
  if (ending === 'never') return
  const cost = random.integer(0, estimate)
  const settle = (amount: number, rest: object = {}) => again(fleet, () => w.settle(id, usd(amount), rest))
  const event = (amount: number) => void mail.push(w.eventOf(amount, { ...who, reservation_id: id }))
  if (ending === 'parts') {
    const first = random.integer(0, cost)
    const part = () => settle(first, { final: false, idempotency_key: 'first' })
    await Promise.all([part(), part()])
    await settle(cost - first)
  }
  disturb()
  if (ending === 'event' || ending === 'both') event(cost)
  if (ending === 'settle' || ending === 'both') await Promise.all([settle(cost), settle(cost)])
  if (ending === 'event after its settle') {
    await settle(cost)
    event(random.integer(0, cost))
  }
  for (const key of ['all', who.agent_id, who.model]) fleet.spent.set(key, (fleet.spent.get(key) ?? 0) + cost)
}

/** Batches of what agents have told so far: some arrive twice, and some events also in another batch. */
async function postman(w: World, fleet: Fleet, mail: CanonicalEvent[], random: Random): Promise<void> {
  const events = mail.splice(0)
  if (events.length === 0) return
  // A consumer that fails is given its batch again.
  const deliver = (some: CanonicalEvent[]) => {
    const batch = w.envelope(some)
    return { once: () => again(fleet, () => w.deliver([batch])) }
  }
  const batch = deliver(events)
  await batch.once()
  if (random.chance(0.5)) await batch.once()
  if (random.chance(0.5)) await deliver(events.filter(() => random.chance(0.5)).concat(events.slice(0, 1))).once()
}

/** The object dies with whatever was under way: no caller learns what became of its call. */
async function crash(w: World): Promise<void> {
  await runInDurableObject(w.stub, (_, state) => state.abort('a crash of the test')).catch(() => {})
}

/** Calls until there is an answer, as clients do. */
async function again<T>(fleet: Fleet, call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (tries === TRIES_MAX) throw error
      fleet.retried++
      await new Promise((next) => setTimeout(next, 5))
    }
  }
}

function look(
  fleet: Fleet,
  budgets: readonly { name: string; hard: boolean; limit_usd: string; spent_usd: string; reserved_usd: string }[],
): void {
  for (const { name, hard, limit_usd, spent_usd, reserved_usd } of budgets)
    if (hard && nano(spent_usd) + nano(reserved_usd) > nano(limit_usd))
      fleet.passed.push(`${name}: ${spent_usd} spent + ${reserved_usd} reserved of ${limit_usd}`)
}
