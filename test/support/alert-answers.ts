import type { Dimension, Kind, Measure, MetricsQuery, MetricsRow } from '../../workers/contract/metrics.ts'
import type { Found, Need, Question } from '../../workers/domain/alert/need.ts'
import { DAY_MS, FLOWS, HOUR_MS, MINUTE_MS, minuteOf, type Flow, type Minute, type World } from './alert-world.ts'

/** Answers questions of rules about made traffic as the metrics would: sums of whole minutes, hours and days. */

interface Sums {
  count: number
  errors: number
  usd: number
  tokens: number
  latencies: readonly number[][]
}
interface Cell extends Sums {
  dimensions: Partial<Record<Dimension, string>>
}

const PARTS_MS = [HOUR_MS, 10 * MINUTE_MS, MINUTE_MS]
const NONE: readonly number[][] = []

/** What one minute of a workflow adds to each row of a kind. */
function cellsOf(kind: Kind, flow: Flow, minute: Minute): Cell[] {
  const workflow_id = flow.name
  const sums = { count: minute.n, errors: 0, usd: minute.usd, tokens: minute.tokens, latencies: NONE }
  switch (kind) {
    case 'request': {
      const failures = [...minute.failed].map(([error_type, n]) => ({
        ...{ dimensions: { workflow_id, status: 'error', error_type }, count: n, errors: n },
        ...{ usd: 0, tokens: 0, latencies: NONE },
      }))
      const good = minute.n - failures.reduce((sum, { count }) => sum + count, 0)
      return [{ ...sums, count: good, dimensions: { workflow_id, status: 'ok', error_type: '' } }, ...failures]
    }
    case 'llm': {
      const dimensions = { workflow_id, provider: flow.provider, model: flow.model }
      return [{ ...sums, dimensions, latencies: [minute.latencies] }]
    }
    case 'retry':
      return [{ ...sums, count: minute.retries, usd: 0, tokens: 0, dimensions: { workflow_id } }]
    case 'policy': {
      const allowed = { ...sums, count: minute.n - minute.blocks, usd: 0, tokens: 0 }
      return [
        { ...allowed, dimensions: { workflow_id, status: 'allow' } },
        { ...allowed, count: minute.blocks, dimensions: { workflow_id, status: 'block' } },
      ]
    }
    default:
      throw new Error(`no traffic is made of kind ${kind}`)
  }
}

/** A made past and present. Worlds that differ for a while only share what they have in common. */
export class Traffic {
  private readonly world: World
  private readonly base: Traffic | null
  private readonly differs: (atMs: number) => boolean
  private readonly minutes = new Map<string, Minute>()
  private readonly parts = new Map<string, Cell[]>()
  private readonly kept = new Map<string, MetricsRow[]>()
  private readonly buckets = new Map<string, MetricsRow[]>()

  /** @param base the same world but for the minutes that differ. */
  constructor(world: World, base: Traffic | null = null, differs: (atMs: number) => boolean = () => true) {
    this.world = world
    this.base = base
    this.differs = differs
  }

  /** As the object asks them: what may be kept is asked once. */
  answer(need: Need): Found {
    return {
      answers: Object.fromEntries(need.questions.map((question) => [question.name, this.rowsOf(question)])),
      budgets: [],
    }
  }

  private rowsOf({ query, keep_until_ms }: Question): MetricsRow[] {
    const [from, to] = [Date.parse(query.from), Date.parse(query.to)]
    if (keep_until_ms === null) return rows(query, this.sum(query.kind, from, to))
    const key = JSON.stringify(query)
    let answer = this.kept.get(key)
    if (answer === undefined) {
      const unit = query.step === 'day' ? DAY_MS : HOUR_MS
      const { from: _from, to: _to, ...what } = query
      const name = JSON.stringify(what)
      answer = []
      for (let at = Math.floor(from / unit) * unit; at < to; at += unit)
        answer.push(...this.bucket(query, name, at, Math.min(at + unit, to)))
      if (this.kept.size > 4) this.kept.clear()
      this.kept.set(key, answer)
    }
    return answer
  }

  private bucket(query: MetricsQuery, name: string, fromMs: number, toMs: number): MetricsRow[] {
    if (this.base !== null && !this.differs(fromMs) && !this.differs(toMs - MINUTE_MS))
      return this.base.bucket(query, name, fromMs, toMs)
    const key = `${name} ${fromMs} ${toMs}`
    let known = this.buckets.get(key)
    if (known === undefined) {
      const time = new Date(fromMs).toISOString()
      known = rows(query, this.sum(query.kind, fromMs, toMs)).map((row) => ({ time, ...row }))
      this.buckets.set(key, known)
    }
    return known
  }

  private sum(kind: Kind, fromMs: number, toMs: number): Cell[] {
    const parts: Cell[] = []
    let at = Math.max(fromMs, this.world.startMs)
    while (at < toMs) {
      const part = PARTS_MS.find((length) => at % length === 0 && at + length <= toMs) ?? MINUTE_MS
      parts.push(...this.part(kind, at, part))
      at += part
    }
    return parts
  }

  /** Minutes, added up by parts of the hour. */
  private part(kind: Kind, atMs: number, length: number): Cell[] {
    if (this.base !== null && !this.differs(atMs) && !this.differs(atMs + length - MINUTE_MS))
      return this.base.part(kind, atMs, length)
    const key = `${kind} ${atMs} ${length}`
    let cells = this.parts.get(key)
    if (cells === undefined) {
      const smaller = PARTS_MS.find((one) => one < length)
      cells = []
      if (smaller === undefined) for (const flow of FLOWS) cells.push(...cellsOf(kind, flow, this.minute(flow, atMs)))
      else for (let at = atMs; at < atMs + length; at += smaller) cells.push(...this.part(kind, at, smaller))
      cells = merged(cells, ['workflow_id', 'status', 'error_type', 'provider', 'model'])
      this.parts.set(key, cells)
    }
    return cells
  }

  private minute(flow: Flow, atMs: number): Minute {
    if (this.base !== null && !this.differs(atMs)) return this.base.minute(flow, atMs)
    const key = `${flow.name} ${atMs}`
    let minute = this.minutes.get(key)
    if (minute === undefined) {
      minute = minuteOf(this.world, flow, atMs)
      this.minutes.set(key, minute)
    }
    return minute
  }
}

function merged(cells: readonly Cell[], dimensions: readonly Dimension[]): Cell[] {
  const groups = new Map<string, Cell & { latencies: number[][] }>()
  for (const cell of cells) {
    if (cell.count === 0 && cell.usd === 0) continue
    const key = dimensions.map((name) => cell.dimensions[name] ?? '').join('\0')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { ...cell, latencies: [...cell.latencies] })
    else {
      group.count += cell.count
      group.errors += cell.errors
      group.usd += cell.usd
      group.tokens += cell.tokens
      group.latencies.push(...cell.latencies)
    }
  }
  return [...groups.values()]
}

function rows(query: MetricsQuery, cells: readonly Cell[]): MetricsRow[] {
  const passing = cells.filter(({ dimensions }) =>
    query.filters.every((one) => one.values.includes(dimensions[one.dimension] ?? '') === (one.op === 'eq')),
  )
  const groups = merged(passing, query.dimensions)
  if (groups.length === 0 && query.step === 'total' && query.dimensions.length === 0)
    groups.push({ dimensions: {}, count: 0, errors: 0, usd: 0, tokens: 0, latencies: NONE })
  return groups.map((group) => ({
    ...Object.fromEntries(query.dimensions.map((name) => [name, group.dimensions[name] ?? ''])),
    ...Object.fromEntries(query.measures.map((measure) => [measure, measured(measure, group, query.within_ms ?? 0)])),
  }))
}

function measured(
  measure: Measure,
  { count, errors, usd, tokens, latencies }: Sums,
  withinMs: number,
): number | string | null {
  switch (measure) {
    case 'count':
      return count
    case 'errors':
      return errors
    case 'success_rate':
      return count === 0 ? null : (count - errors) / count
    case 'cost_usd':
      return usd.toFixed(9)
    case 'tokens_total':
      return tokens
    case 'latency_p99_ms': {
      const all = latencies.flat().sort((a, b) => a - b)
      return all[Math.floor(0.99 * (all.length - 1))] ?? null
    }
    case 'latency_within_rate': {
      const all = latencies.flat()
      return all.length === 0 ? null : all.filter((one) => one <= withinMs).length / all.length
    }
    default:
      throw new Error(`no traffic is made for ${measure}`)
  }
}
