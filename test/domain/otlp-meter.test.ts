import { describe, expect, it } from 'vitest'
import type { Reading } from '../../workers/contract/signals.ts'
import {
  accountOf,
  accountText,
  advance,
  emptyAccount,
  HOUR_MS,
  isPaid,
  isTold,
  note,
  paidOf,
  pay,
  trim,
} from '../../workers/domain/otlp/meter.ts'

const NS = (ms: number) => `${ms}000000`
const reading = (temporality: Reading['temporality'], start: number, time: number, value: number): Reading => ({
  series: 's',
  temporality,
  start_ns: start === 0 ? '0' : NS(start),
  time_ns: NS(time),
  value,
  field: { tokens: 'prompt' },
})
/** What each reading adds, in the order of arrival. */
function added(temporality: Reading['temporality'], ...readings: [start: number, time: number, value: number][]) {
  let account = emptyAccount()
  return readings.map((one) => {
    const more = advance(account, reading(temporality, ...one))?.value ?? null
    // As it is read again from storage.
    account = accountOf(accountText(account))
    return more
  })
}

describe('what a counter counted since it was last read', () => {
  it.each<[string, [number, number, number][], (number | null)[]]>([
    ['each stretch is what it says', [[10, 20, 5], [20, 30, 7]], [5, 7]], // prettier-ignore
    ['one that is sent again counts once', [[10, 20, 5], [10, 20, 5], [20, 30, 7], [10, 20, 5]], [5, null, 7, null]], // prettier-ignore
    ['an earlier one that comes late counts', [[20, 30, 7], [10, 20, 5]], [7, 5]], // prettier-ignore
    ['a new process begins anew', [[10, 20, 5], [100, 110, 3]], [5, 3]], // prettier-ignore
    ['nothing is nothing', [[10, 20, 0]], [0]],
    ['no counter goes down', [[10, 20, -5]], [null]],
  ])('delta: %s', (_, readings, values) => {
    expect(added('delta', ...readings)).toEqual(values)
  })

  it.each<[string, [number, number, number][], (number | null)[]]>([
    ['the difference to the last', [[10, 20, 5], [10, 30, 12], [10, 40, 12]], [5, 7, 0]], // prettier-ignore
    ['one that is sent again counts nothing', [[10, 20, 5], [10, 20, 5], [10, 30, 6]], [5, null, 1]], // prettier-ignore
    ['an earlier one that comes late is in the later one', [[10, 30, 12], [10, 20, 5], [10, 40, 13]], [12, null, 1]], // prettier-ignore
    ['another start began anew, and the old one may go on', [[10, 20, 5], [25, 30, 3], [10, 31, 6], [25, 40, 4]], [5, 3, 1, 1]], // prettier-ignore
    ['a count that fell began anew', [[10, 20, 5], [10, 30, 2], [10, 40, 3]], [5, 2, 1]], // prettier-ignore
    ['of an unknown start, what comes after the first', [[0, 20, 500], [0, 30, 507]], [null, 7]], // prettier-ignore
  ])('cumulative: %s', (_, readings, values) => {
    expect(added('cumulative', ...readings)).toEqual(values)
  })

  it('forgets the oldest of too many series, and takes no stretch twice that it forgot', () => {
    const account = emptyAccount()
    for (let i = 0; i < 2100; i++) advance(account, { ...reading('delta', 1, 2, 1), series: `s${i}` })
    trim(account)
    expect([account.series.size, account.series.has('d s99'), account.series.has('d s100')]).toEqual([
      2000,
      false,
      true,
    ])
    const stretches = Array.from({ length: 40 }, (_, i): [number, number, number] => [10 * i + 1, 10 * i + 10, 1])
    expect(added('delta', ...stretches, stretches[0] ?? [0, 0, 0]).at(-1)).toBeNull()
  })
})

describe('which signal counts', () => {
  const at = 1000 * HOUR_MS
  it.each<['spans' | 'logs', number, boolean, boolean]>([
    ['spans', 0, true, true],
    ['spans', 1, true, true],
    ['spans', 2, false, false],
    ['logs', 0, false, true],
    ['logs', -1, false, true],
    ['logs', -2, false, false],
  ])('%s told %i hours from it: records %s, metrics %s', (rank, hours, ofLogs, ofMetrics) => {
    const account = emptyAccount()
    expect(note(account, 1000 + hours, rank)).toBe(true)
    expect(note(account, 1000 + hours, rank)).toBe(false)
    expect([isTold(account, 'logs', at, at), isTold(account, 'metrics', at, at)]).toEqual([ofLogs, ofMetrics])
  })

  it('spans stand over records that told before, whatever records tell later', () => {
    const account = emptyAccount()
    expect([note(account, 1000, 'logs'), note(account, 1000, 'spans'), note(account, 1000, 'logs')]).toEqual([
      true,
      true,
      false,
    ])
    expect(isTold(account, 'logs', at, at)).toBe(true)
  })

  it('a call that ended within what metrics paid, or in the hour before, is paid', () => {
    const account = emptyAccount()
    pay(account, at, at + 1000)
    pay(account, at + 1000, at + 2000)
    pay(account, at + 3 * HOUR_MS, at + 3 * HOUR_MS + 1000)
    const paid = paidOf('a', account)
    expect(paid).toEqual([
      { account: 'a', from_ms: at - HOUR_MS, to_ms: at + 2000 },
      { account: 'a', from_ms: at + 2 * HOUR_MS, to_ms: at + 3 * HOUR_MS + 1000 },
    ])
    const ends = [-HOUR_MS - 2, -HOUR_MS - 3, 1500, 2002, 2003, HOUR_MS, 3 * HOUR_MS + 1000]
    expect(ends.map((ms) => isPaid(paid, 'a', at + ms))).toEqual([true, false, true, true, false, false, true])
    expect(isPaid(paid, 'b', at)).toBe(false)
  })
})
