import type { Slo, SloStatus } from '../../contract/slo.ts'
import { BAD_MIN, EVENTS_MIN, type Burn } from './burn.ts'
import type { Spend } from './spend.ts'

type Told = Pick<Slo, 'indicator' | 'objective' | 'window_days'>

const CENT_NANO = 10_000_000n
const HOUR = 60
const DAY = 24 * HOUR

/** How an objective of operations stands, in words. */
export function countedWords(
  { good, total }: { good: number; total: number },
  left: number | null,
  { indicator, objective, window_days }: Told,
): string {
  if (total === 0) return `Nothing came over ${window_days} days.`
  const what = indicator.type === 'latency' ? `took at most ${whole(indicator.threshold_ms)} ms` : 'succeeded'
  const share = `${whole(good)} of ${whole(total)} operations ${what} over ${window_days} days`
  return `${share}: ${percent(good / total)}, where the objective is ${percent(objective)}. ${leftWords(left)}`
}

/** How an objective of spend stands, in words. */
export function spendWords({ actual, planned }: Spend, left: number | null, slo: Told, isEven: boolean): string {
  const tolerance = percent(1 - slo.objective)
  const spent = `${dollars(actual)} were spent over ${slo.window_days} days, where ${dollars(planned)} were planned`
  const even = isEven
    ? ' The plan is spread evenly over its hours, since spend has no weekly pattern yet; so windows of less than a day are not judged.'
    : ''
  return `${spent} and ${tolerance} more are tolerated. ${leftWords(left)}${even}`
}

/** What one pair of windows says, in words. */
export function sampleWords(burn: Burn | null, { budget_left, spend }: SloStatus): string {
  if (burn === null || burn.unjudged === 'no_data') return 'Nothing came in any window.'
  const long = span(burn.long_window_minutes)
  if (burn.unjudged === 'too_few')
    return `Fewer than ${EVENTS_MIN} operations came in ${long}: too few to judge a burn rate by.`
  if (burn.unjudged === 'too_little_history')
    return `Windows of less than a day are not judged: spend has no weekly pattern to compare an hour with yet.`
  const rates = `The error budget burns ${times(burn.long_rate)} as fast as allowed over ${long}`
  const short = burn.short_rate === null ? '' : ` and ${times(burn.short_rate)} over ${span(burn.short_window_minutes)}`
  const isChance = !burn.firing && spend === null && isOver(burn)
  const chance = isChance ? ` Fewer than ${BAD_MIN} operations were bad, which may be chance.` : ''
  return `${rates}${short}; alerts begin above ${burn.threshold} times. ${leftWords(budget_left)}${chance}`
}

function isOver({ long_rate, short_rate, threshold }: Burn): boolean {
  return (long_rate ?? 0) > threshold && (short_rate ?? 0) > threshold
}

function leftWords(left: number | null): string {
  if (left === null) return 'There is no error budget yet.'
  if (left > 0) return `${percent(left)} of the error budget is left.`
  if (left === 0) return 'Nothing of the error budget is left.'
  return left > -1
    ? `The error budget is overspent by ${percent(-left)}.`
    : `The error budget was used ${times(1 - left)} over.`
}

/** Minutes as people say them. */
export function span(minutes: number): string {
  if (minutes % DAY === 0) return counted(minutes / DAY, 'day')
  if (minutes % HOUR === 0) return counted(minutes / HOUR, 'hour')
  return counted(minutes, 'minute')
}

const counted = (n: number, unit: string) => `${n} ${unit}${n === 1 ? '' : 's'}`
const times = (rate: number | null) => `${rounded(rate ?? 0, 1)} times`
/** As many digits as tell an objective of 99.999 % from all. */
const percent = (share: number) => `${rounded(share * 100, 3)} %`
const rounded = (value: number, digits: number) => String(Number(value.toFixed(digits)))
const whole = (n: number) => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',')

function dollars(nano: bigint): string {
  const cents = String((nano + CENT_NANO / 2n) / CENT_NANO).padStart(3, '0')
  return `$${whole(Number(cents.slice(0, -2)))}.${cents.slice(-2)}`
}
