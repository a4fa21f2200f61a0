import { FACTS, type Fact, type Facts } from './facts.ts'
import type { Attributes } from './span.ts'

/** Of a call alone; on other spans it is a roll-up, or says something else, and stays an attribute. */
const OF_CALLS: ReadonlySet<Fact> = new Set<Fact>([
  'provider',
  'model',
  'requested_model',
  'response_id',
  'prompt_version',
  'prompt',
  'completion',
  'total',
  'cached',
  'cache_write',
  'reasoning',
  'cache_write_1h',
  'prompt_audio',
  'completion_audio',
  'cost_usd',
  'first_chunk_s',
  'first_chunk_ms',
  'first_chunk_at',
  'finish_reason',
])

/** These only lead to a field: what they say is kept as it came. */
const KEPT_TOO: ReadonlySet<Fact> = new Set<Fact>([
  'entity',
  'attempt',
  'success',
  'failed',
  'aborted',
  'decision',
  'policy_id',
  'is_root',
])

interface Row {
  fact: Fact
  rank: number
  /** Of an object that the attribute holds. */
  member: readonly string[] | undefined
}

const ROWS = new Map<string, Row[]>()
for (const [fact, sources] of Object.entries(FACTS) as [Fact, readonly string[]][])
  sources.forEach((source, rank) => {
    const [name = '', member] = source.split('#')
    ROWS.set(name, [...(ROWS.get(name) ?? []), { fact, rank, member: member?.split('.') }])
  })

/** Attributes that become fields: of any span, and of calls besides. What is read of an object leaves it as it is. */
const CONSUMED = new Set<string>()
const CONSUMED_BY_CALLS = new Set<string>(['langfuse.observation.usage_details', 'langfuse.observation.cost_details'])
for (const [name, rows] of ROWS)
  for (const { fact, member } of rows) {
    if (member !== undefined || KEPT_TOO.has(fact)) continue
    CONSUMED_BY_CALLS.add(name)
    if (!OF_CALLS.has(fact)) CONSUMED.add(name)
  }

/** Whether the mapping turns an attribute into a field. */
export function isConsumed(name: string, isCall: boolean): boolean {
  return (isCall ? CONSUMED_BY_CALLS : CONSUMED).has(name)
}

/** Longer text is content, not the few members that are read of it. */
const OBJECT_CHARS_MAX = 16_384

/** Reads all facts in one pass over the attributes; null and empty strings count as absent. */
export function factsOf(attributes: Attributes): Facts {
  const facts: Facts = {}
  const ranks: Partial<Record<Fact, number>> = {}
  for (const name in attributes) {
    const rows = ROWS.get(name)
    if (rows === undefined) continue
    const value = attributes[name]
    let object: Record<string, unknown> | undefined
    for (const { fact, rank, member } of rows) {
      if ((ranks[fact] ?? Infinity) <= rank) continue
      if (member !== undefined) object ??= objectOf(value)
      const held = member === undefined ? value : memberOf(object, member)
      if (held === undefined || held === null || held === '') continue
      facts[fact] = held
      ranks[fact] = rank
    }
  }
  return facts
}

function memberOf(object: Record<string, unknown> | undefined, path: readonly string[]): unknown {
  // Some clients put the dots into the name itself.
  const flat = object?.[path.join('.')]
  if (flat !== undefined || path.length === 1) return flat
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined),
    object,
  )
}

function objectOf(value: unknown): Record<string, unknown> {
  let object = value
  if (typeof value === 'string') {
    if (!value.startsWith('{') || value.length > OBJECT_CHARS_MAX) return {}
    try {
      object = JSON.parse(value)
    } catch {
      return {}
    }
  }
  return typeof object === 'object' && object !== null ? { ...object } : {}
}
