import type { PaidStretch, Reading, SignalRank } from '../../contract/signals.ts'

export const HOUR_MS = 3_600_000
const NS_PER_MS = 1_000_000n
const SERIES_MAX = 2000
const STRETCHES_MAX = 32
const HOURS_MAX = 500

/** What was read of one series. */
interface Last {
  time_ns: string
  value: number
  /** Of delta series: the stretches that came last, each once. */
  stretches?: string[]
}

/** What is known of one account. */
export interface Account {
  series: Map<string, Last>
  /** By hour: the highest of the signals that told calls in it. */
  told: Map<number, Exclude<SignalRank, 'metrics'>>
  paid: [from_ms: number, to_ms: number][]
}

export function emptyAccount(): Account {
  return { series: new Map(), told: new Map(), paid: [] }
}

export function accountText({ series, told, paid }: Account): string {
  return JSON.stringify([[...series], [...told], paid])
}

/** @param text is what accountText wrote. */
export function accountOf(text: string): Account {
  const [series, told, paid] = JSON.parse(text) as [
    [string, Last][],
    [number, Exclude<SignalRank, 'metrics'>][],
    Account['paid'],
  ]
  return { series: new Map(series), told: new Map(told), paid }
}

export interface Increment {
  value: number
  from_ms: number
  to_ms: number
}

/**
 * What a series counted since it was last read, null where that is known already. A delta is what it says, once for each
 * stretch of time, in any order. A cumulative count is compared with the last one of the same start: another start is a
 * counter that began anew, and a count that fell without one did, too. Of a counter with an unknown start only what
 * comes after the first reading is known (OpenTelemetry, "Metrics Data Model", "Resets and Gaps").
 */
export function advance(account: Account, reading: Reading): Increment | null {
  const { series, temporality, start_ns, time_ns, value } = reading
  if (!Number.isFinite(value) || value < 0) return null
  const key = temporality === 'delta' ? `d ${series}` : `c ${series} ${start_ns}`
  const last = account.series.get(key)
  if (temporality === 'delta') return advanceDelta(account, key, last, reading)
  if (last !== undefined && BigInt(time_ns) <= BigInt(last.time_ns)) return null
  remember(account, key, { time_ns, value })
  if (last === undefined) return start_ns === '0' ? null : since(start_ns, time_ns, value)
  return since(last.time_ns, time_ns, value < last.value ? value : value - last.value)
}

function advanceDelta(account: Account, key: string, last: Last | undefined, reading: Reading): Increment | null {
  const { start_ns, time_ns, value } = reading
  const stretch = `${start_ns}:${time_ns}`
  const stretches = last?.stretches ?? []
  if (stretches.includes(stretch)) return null
  // So old that it was forgotten whether it came: what is sent again is paid once.
  const [oldest] = stretches
  const isForgotten = stretches.length >= STRETCHES_MAX && BigInt(time_ns) < BigInt(oldest?.split(':')[1] ?? '0')
  if (isForgotten) return null
  const kept = [...stretches, stretch].slice(-STRETCHES_MAX)
  remember(account, key, { time_ns, value, stretches: kept })
  return since(start_ns === '0' ? time_ns : start_ns, time_ns, value)
}

function since(fromNs: string, toNs: string, value: number): Increment {
  return { value, from_ms: msOf(fromNs), to_ms: msOf(toNs) }
}

function msOf(ns: string): number {
  return Number(BigInt(ns) / NS_PER_MS)
}

/** The newest are last. */
function remember({ series }: Account, key: string, last: Last): void {
  series.delete(key)
  series.set(key, last)
}

/** Bounded: of the series of an account those that were longest not read are forgotten. */
export function trim({ series }: Account): void {
  for (const old of series.keys()) {
    if (series.size <= SERIES_MAX) return
    series.delete(old)
  }
}

/** Notes that a signal told calls in an hour; true where that is new. */
export function note(account: Account, hour: number, rank: Exclude<SignalRank, 'metrics'>): boolean {
  const known = account.told.get(hour)
  if (known === 'spans' || known === rank) return false
  account.told.set(hour, rank)
  if (account.told.size > HOURS_MAX) account.told.delete(Math.min(...account.told.keys()))
  return true
}

/** Whether a signal of a higher rank told calls of the account at that time, or within an hour of it. */
export function isTold(account: Account, rank: SignalRank, fromMs: number, toMs: number): boolean {
  if (rank === 'spans') return false
  const [first, last] = [Math.floor(fromMs / HOUR_MS) - 1, Math.floor(toMs / HOUR_MS) + 1]
  return [...account.told].some(([hour, by]) => hour >= first && hour <= last && (by === 'spans' || rank === 'metrics'))
}

/**
 * Notes that calls of a stretch are paid by metrics, and those of the hour before it, of which none was told: Codex
 * counts a turn when it is over, by a counter that says that it began then.
 */
export function pay(account: Account, startMs: number, toMs: number): void {
  const fromMs = startMs - HOUR_MS
  const last = account.paid.at(-1)
  if (last !== undefined && fromMs <= last[1] && fromMs >= last[0]) last[1] = Math.max(last[1], toMs)
  else account.paid.push([fromMs, toMs])
  account.paid = account.paid.slice(-HOURS_MAX)
}

export function paidOf(account: string, { paid }: Account): PaidStretch[] {
  return paid.map(([from_ms, to_ms]) => ({ account, from_ms, to_ms }))
}

/** Clocks of one process: a call ends before it is counted, and is told by whole milliseconds. */
const SLACK_MS = 2

export function isPaid(stretches: readonly PaidStretch[], account: string, endMs: number): boolean {
  return stretches.some(
    (stretch) =>
      stretch.account === account && endMs >= stretch.from_ms - SLACK_MS && endMs <= stretch.to_ms + SLACK_MS,
  )
}
