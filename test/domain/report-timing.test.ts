import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReportTiming } from '../../workers/contract/report.ts'
import { nextOccurrence } from '../../workers/domain/report/timing.ts'
import { momentOf, offsetAt } from '../../workers/domain/time-zone.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const at = (text: string) => Date.parse(text)
const daily = (hour: number): ReportTiming => ({ every: 'day', hour })
const monday: ReportTiming = { every: 'week', weekday: 1, hour: 9 }
const monthly = (day: number, hour = 0): ReportTiming => ({ every: 'month', day, hour })

describe('the next occurrence', () => {
  it.each<[what: string, ReportTiming, zone: string, after: string, next: string]>([
    ['the same day', daily(9), 'UTC', '2026-11-28T08:59:59.999Z', '2026-11-28T09:00:00Z'],
    ['never the moment itself', daily(9), 'UTC', '2026-11-28T09:00:00Z', '2026-11-29T09:00:00Z'],
    ['on the clock of the zone', daily(9), 'Asia/Kolkata', '2026-11-28T00:00:00Z', '2026-11-28T03:30:00Z'],
    ['where it is another day already', daily(1), 'Pacific/Auckland', '2026-11-28T11:00:00Z', '2026-11-28T12:00:00Z'],
    [
      'where it is the day before still',
      daily(23),
      'America/Los_Angeles',
      '2026-11-28T05:00:00Z',
      '2026-11-28T07:00:00Z',
    ],
    ['of a week', monday, 'Europe/Berlin', '2026-11-28T12:00:00Z', '2026-11-30T08:00:00Z'],
    ['of a week, on the day itself', monday, 'Europe/Berlin', '2026-11-30T08:00:00Z', '2026-12-07T08:00:00Z'],
    ['of a week, on a Sunday', { ...monday, weekday: 7 }, 'UTC', '2026-11-28T12:00:00Z', '2026-11-29T09:00:00Z'],
    ['of a month', monthly(1), 'UTC', '2026-11-28T12:00:00Z', '2026-12-01T00:00:00Z'],
    ['of a month that ends a year', monthly(31, 6), 'UTC', '2026-12-31T06:00:00Z', '2027-01-31T06:00:00Z'],
    ['of a month without that day', monthly(31), 'UTC', '2027-01-31T00:00:00Z', '2027-02-28T00:00:00Z'],
    ['of a leap year', monthly(30), 'UTC', '2028-01-30T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['after a short month its own day again', monthly(31), 'UTC', '2027-02-28T00:00:00Z', '2027-03-31T00:00:00Z'],
    [
      'an hour that clocks jump over: at the jump',
      daily(2),
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      '2026-03-29T01:00:00Z',
    ],
    ['the day after the jump', daily(2), 'Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-30T00:00:00Z'],
    ['an hour shown twice: the first time', daily(2), 'Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T00:00:00Z'],
    ['and not the second', daily(2), 'Europe/Berlin', '2026-10-25T00:00:00Z', '2026-10-26T01:00:00Z'],
    ['between the first and the second', daily(2), 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-26T01:00:00Z'],
    ['in America forward', daily(2), 'America/New_York', '2026-03-07T12:00:00Z', '2026-03-08T07:00:00Z'],
    ['in America back', daily(1), 'America/New_York', '2026-10-31T12:00:00Z', '2026-11-01T05:00:00Z'],
    ['a jump over midnight', daily(0), 'America/Santiago', '2026-09-05T12:00:00Z', '2026-09-06T04:00:00Z'],
    ['a jump of half an hour', daily(2), 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', '2026-10-03T15:30:00Z'],
  ])('%s', (_, timing, zone, after, next) => {
    expect(new Date(nextOccurrence(timing, zone, at(after))).toISOString()).toBe(new Date(next).toISOString())
  })

  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'America/Santiago', 'Asia/Kolkata', 'Australia/Lord_Howe']
  const timings = fc.oneof(
    fc.record({ every: fc.constant('day' as const), hour: fc.integer({ min: 0, max: 23 }) }),
    fc.record({
      every: fc.constant('week' as const),
      weekday: fc.integer({ min: 1, max: 7 }),
      hour: fc.integer({ min: 0, max: 23 }),
    }),
    fc.record({
      every: fc.constant('month' as const),
      day: fc.integer({ min: 1, max: 31 }),
      hour: fc.integer({ min: 0, max: 23 }),
    }),
  )
  const moments = fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2032-01-01T00:00:00Z') })

  it('lies ahead, on the right local day, at the hour unless clocks jump over it, and none is between', () => {
    fc.assert(
      fc.property(timings, fc.constantFrom(...zones), moments, (timing, zone, after) => {
        const next = nextOccurrence(timing, zone, after)
        const local = new Date(next + offsetAt(zone, next))
        const most = { day: 1, week: 7, month: 31 }[timing.every]
        expect(next).toBeGreaterThan(after)
        expect(next - after).toBeLessThanOrEqual(most * DAY + 2 * HOUR)
        if (local.getUTCHours() !== timing.hour || local.getUTCMinutes() !== 0)
          expect(offsetAt(zone, next - 1)).toBeLessThan(offsetAt(zone, next))
        if (timing.every === 'week') expect(local.getUTCDay() || 7).toBe(timing.weekday)
        if (timing.every === 'month') {
          const last = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate()
          expect(local.getUTCDate()).toBe(Math.min(timing.day, last))
        }
        // Whoever asks a moment earlier is told the same.
        expect(nextOccurrence(timing, zone, next - 1)).toBe(next)
      }),
      { numRuns: 300 },
    )
  })

  it('comes once a local day, whatever clocks do', () => {
    for (const zone of zones) {
      const seen = new Set<string>()
      let now = at('2026-01-01T00:00:00Z')
      for (let i = 0; i < 365; i++) {
        now = nextOccurrence(daily(2), zone, now)
        seen.add(new Date(now + offsetAt(zone, now)).toISOString().slice(0, 10))
      }
      expect(seen.size, zone).toBe(365)
    }
  })
})

describe('the moment of a wall clock', () => {
  it.each([
    ['Europe/Berlin', '2026-07-01T12:00:00Z', '2026-07-01T10:00:00Z'],
    ['Europe/Berlin', '2026-03-29T02:30:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-10-25T02:30:00Z', '2026-10-25T00:30:00Z'],
  ])('%s %s', (zone, local, moment) => expect(momentOf(zone, at(local))).toBe(at(moment)))
})
