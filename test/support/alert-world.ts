import { randomOf, type Random } from '../../examples/fleet/random.ts'
import { offsetAt } from '../../workers/domain/time-zone.ts'

/** Traffic of an organization in which people work by day, minute by minute, and what may go wrong in it. */

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
export const ZONE = 'Europe/Berlin'

export const FLOWS = [
  { name: 'support', share: 0.4, usd: 0.02, retries: 0.06, provider: 'anthropic', model: 'claude-sonnet-4-5' },
  { name: 'refunds', share: 0.25, usd: 0.012, retries: 0.05, provider: 'openai', model: 'gpt-4o' },
  { name: 'research', share: 0.1, usd: 0.15, retries: 0.1, provider: 'anthropic', model: 'claude-opus-4-1' },
  { name: 'invoices', share: 0.25, usd: 0.008, retries: 0.03, provider: 'openai', model: 'gpt-4o-mini' },
] as const
export type Flow = (typeof FLOWS)[number]

/** Share of requests that fail so on an ordinary day; `auth_failed` and `quota_exceeded` never do. */
const FAILS: Record<string, number> = {
  rate_limit: 0.004,
  timeout: 0.003,
  tool_timeout: 0.002,
  invalid_json: 0.001,
}
const USUAL_BLOCKS = 0.01
const USD_PER_TOKEN = 4e-6

/** What differs from an ordinary minute of a workflow. */
export interface Effect {
  /** Times as many requests. */
  traffic?: number
  /** Times as much money and as many tokens for each. */
  cost?: number
  /** Share of requests that fail besides, by type. */
  fails?: Record<string, number>
  /** Retries for each request besides. */
  retries?: number
  /** Times as slow. */
  slow?: number
  /** Share of requests that a policy blocks besides. */
  blocks?: number
}
export type Effects = (atMs: number, flow: Flow) => Effect | undefined

/** One minute of one workflow. */
export interface Minute {
  n: number
  failed: Map<string, number>
  usd: number
  tokens: number
  retries: number
  blocks: number
  latencies: number[]
}

export interface World {
  seed: number
  /** Requests of an average day at the start. */
  perDay: number
  startMs: number
  /** Times as much after each week. */
  growth?: number
  effects: Effects
}

const HOURS = [7, 5, 4, 4, 5, 10, 24, 50, 82, 100, 105, 98, 80, 92, 104, 99, 84, 62, 44, 33, 26, 20, 14, 10]
const HOURS_SUM = HOURS.reduce((sum, n) => sum + n, 0)
/** Monday first. */
const WEEKDAYS = [1.24, 1.3, 1.28, 1.24, 1.12, 0.46, 0.36]

/** Expected requests of a minute, along the local clock. */
function expected(atMs: number, { perDay, startMs, growth = 1 }: World): number {
  const localMs = atMs + offset(atMs)
  const hour = (localMs % DAY_MS) / HOUR_MS
  const [low, part] = [Math.floor(hour), hour % 1]
  const shape = (HOURS[low] ?? 0) * (1 - part) + (HOURS[(low + 1) % 24] ?? 0) * part
  const weekday = WEEKDAYS[(Math.floor(localMs / DAY_MS) + 3) % 7] ?? 1
  const grown = growth ** ((atMs - startMs) / (7 * DAY_MS))
  return ((perDay * shape * weekday) / HOURS_SUM / 60) * grown
}

const offsets = new Map<number, number>()
function offset(atMs: number): number {
  const hour = Math.floor(atMs / HOUR_MS)
  const known = offsets.get(hour) ?? offsetAt(ZONE, hour * HOUR_MS)
  offsets.set(hour, known)
  return known
}

/** The same minute of the same world is the same whenever it is made. */
export function minuteOf(world: World, flow: Flow, atMs: number): Minute {
  const random = randomOf(world.seed, flow.name, atMs)
  const effect = world.effects(atMs, flow) ?? {}
  const n = poisson(random, expected(atMs, world) * flow.share * moodOf(world.seed, flow, atMs) * (effect.traffic ?? 1))
  const minute: Minute = { n, failed: new Map(), usd: 0, tokens: 0, retries: 0, blocks: 0, latencies: [] }
  const fails = Object.entries({ ...FAILS, ...effect.fails }).map(
    ([type]) => [type, (FAILS[type] ?? 0) + (effect.fails?.[type] ?? 0)] as const,
  )
  for (let i = 0; i < n; i++) {
    const usd = random.around(flow.usd * (effect.cost ?? 1), 0.8)
    minute.usd += usd
    minute.tokens += Math.round(usd / USD_PER_TOKEN)
    minute.latencies.push(random.around(2500 * (effect.slow ?? 1), 0.6))
    minute.retries += poisson(random, flow.retries + (effect.retries ?? 0))
    if (random.chance(USUAL_BLOCKS + (effect.blocks ?? 0))) minute.blocks++
    const type = failure(random.next(), fails)
    if (type !== null) minute.failed.set(type, (minute.failed.get(type) ?? 0) + 1)
  }
  return minute
}

const moods = new Map<string, number>()
/** Twenty minutes have something in common that the clock does not tell. */
function moodOf(seed: number, flow: Flow, atMs: number): number {
  const key = `${seed} ${flow.name} ${Math.floor(atMs / (20 * MINUTE_MS))}`
  const known = moods.get(key) ?? 1 + 0.12 * (randomOf('mood', key).next() - 0.5)
  moods.set(key, known)
  return known
}

function failure(draw: number, fails: readonly (readonly [string, number])[]): string | null {
  let left = draw
  for (const [type, share] of fails) {
    left -= share
    if (left < 0) return type
  }
  return null
}

/** Knuth's method: means of a minute are small. */
function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean)
  let product = random.next()
  let n = 0
  while (product > limit) {
    product *= random.next()
    n++
  }
  return n
}
