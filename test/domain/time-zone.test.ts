import { describe, expect, it } from 'vitest'
import { dayStart, isTimeZone, offsetAt, offsetSpans } from '../../workers/domain/time-zone.ts'

const HOUR = 3_600_000

describe('time zones', () => {
  it.each([
    ['UTC', Date.UTC(2026, 5, 1), 0],
    ['Europe/Berlin', Date.UTC(2026, 5, 1), 2 * HOUR],
    ['Europe/Berlin', Date.UTC(2026, 0, 1), HOUR],
    ['Asia/Kolkata', Date.UTC(2026, 0, 1), 5.5 * HOUR],
    ['America/New_York', Date.UTC(2026, 0, 1), -5 * HOUR],
  ])('%s at %i', (zone, at, offset) => expect(offsetAt(zone, at)).toBe(offset))

  it('finds the moment at which the clocks change', () => {
    const spans = offsetSpans('Europe/Berlin', Date.UTC(2026, 2, 20), Date.UTC(2026, 3, 5))
    expect(spans).toEqual([
      { from_ms: Date.UTC(2026, 2, 20), offset_ms: HOUR },
      { from_ms: Date.UTC(2026, 2, 29, 1), offset_ms: 2 * HOUR },
    ])
  })

  it('begins days at local midnight, also around a change', () => {
    const index = (y: number, m: number, d: number) => Date.UTC(y, m, d) / 86_400_000
    expect(dayStart('Europe/Berlin', index(2026, 2, 29))).toBe(Date.UTC(2026, 2, 28, 23))
    expect(dayStart('Europe/Berlin', index(2026, 2, 30))).toBe(Date.UTC(2026, 2, 29, 22))
    expect(dayStart('Asia/Kolkata', index(2026, 10, 23))).toBe(Date.UTC(2026, 10, 22, 18, 30))
  })

  it('knows zones from other words', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true)
    expect(isTimeZone('Mars/Olympus')).toBe(false)
  })
})
