import { describe, expect, it } from 'vitest'
import { HOUR_MS, parseRange, rangeParams, refreshMs, withRange } from '../../web/src/lib/features/filters/range.ts'
import { dayStart, fromLocalInput, isZone, monthStart, offsetMs, toLocalInput } from '../../web/src/lib/zone.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 34, 56)
const iso = (ms: number) => new Date(ms).toISOString()
const range = (query: string, zone = 'UTC', now = NOW) => parseRange(new URLSearchParams(query), now, zone)

describe('presets', () => {
  it.each([
    ['range=1h', 60, 'minute', '2026-11-23T11:35:00.000Z', '2026-11-23T12:35:00.000Z'],
    ['', 24, 'hour', '2026-11-22T13:00:00.000Z', '2026-11-23T13:00:00.000Z'],
    ['range=7d', 168, 'hour', '2026-11-16T13:00:00.000Z', '2026-11-23T13:00:00.000Z'],
    ['range=30d', 30, 'day', '2026-10-25T00:00:00.000Z', '2026-11-24T00:00:00.000Z'],
    ['range=90d', 90, 'day', '2026-08-26T00:00:00.000Z', '2026-11-24T00:00:00.000Z'],
  ])('%j has %i buckets of a %s', (query, count, step, from, to) => {
    const read = range(query)
    expect(read).toMatchObject({ step, problem: null })
    expect([read.buckets.length, iso(read.from_ms), iso(read.to_ms)]).toEqual([count, from, to])
    expect(read.previous.buckets).toHaveLength(count)
    expect(read.previous.to_ms).toBe(read.from_ms)
  })

  it('falls back and says why when the name is unknown', () => {
    expect(range('range=1y')).toMatchObject({ preset: '24h', problem: 'There is no range called “1y”.' })
  })

  it('cuts days in the viewer’s zone, across a change of clocks', () => {
    const read = range('range=30d', 'Europe/Berlin', Date.UTC(2026, 10, 10, 23, 30))
    expect(iso(read.buckets.at(-1) ?? 0)).toBe('2026-11-10T23:00:00.000Z')
    expect(iso(read.from_ms)).toBe('2026-10-12T22:00:00.000Z')
    const lengths = new Set(read.buckets.map((start, at) => (read.buckets[at + 1] ?? read.to_ms) - start))
    expect([...lengths].map((ms) => ms / HOUR_MS).sort()).toEqual([24, 25])
  })
})

describe('custom ranges', () => {
  it.each([
    ['from=2026-11-23T10:00:30Z&to=2026-11-23T11:00:00Z', 'minute', 60],
    ['from=2026-11-01T10:20:00Z&to=2026-11-01T11:10:00Z', 'hour', 2],
    ['from=2026-11-01T10:00:00Z&to=2026-11-08T10:00:00Z', 'hour', 168],
    ['from=2026-10-01T10:00:00Z&to=2026-11-01T00:00:00Z', 'day', 31],
  ])('%s is cut in %ss, %i of them', (query, step, count) => {
    const read = range(query)
    expect(read).toMatchObject({ preset: null, step, problem: null })
    expect(read.buckets).toHaveLength(count)
  })

  it('reads the value of a datetime-local input in the zone', () => {
    expect(iso(range('from=2026-07-01T00:00&to=2026-07-02T00:00', 'America/New_York').from_ms)).toBe(
      '2026-07-01T04:00:00.000Z',
    )
  })

  it.each([
    ['from=soon', 'not a time'],
    ['from=2026-11-23T10:00:00Z&to=2026-11-22T10:00:00Z', 'after its start'],
    ['from=2020-01-01T00:00:00Z', '400 days'],
    ['to=2026-11-22T10:00:00Z', 'not a time'],
  ])('%s falls back with a reason', (query, reason) => {
    const read = range(query)
    expect(read.preset).toBe('24h')
    expect(read.problem).toContain(reason)
  })

  it('survives the way through the URL', () => {
    const read = range('from=2026-11-01T10:20:00Z&to=2026-11-01T11:10:00Z')
    expect(parseRange(rangeParams(read), NOW, 'UTC')).toEqual(read)
    expect(rangeParams(range('range=7d')).toString()).toBe('range=7d')
  })

  it('drops the cursor of the old list and keeps the rest', () => {
    expect(withRange(new URLSearchParams('project=p&cursor=c&from=x'), '7d').toString()).toBe('project=p&range=7d')
  })
})

it('reloads ranges that reach into now, and no others', () => {
  expect(refreshMs(range('range=1h'), NOW)).toBe(10_000)
  expect(refreshMs(range('range=90d'), NOW)).toBe(60_000)
  expect(refreshMs(range('from=2026-11-01T10:00:00Z&to=2026-11-02T10:00:00Z'), NOW)).toBeNull()
})

describe('zones', () => {
  it('knows offsets, with minutes and by season', () => {
    expect(offsetMs(NOW, 'Asia/Kolkata')).toBe(5.5 * HOUR_MS)
    expect(offsetMs(Date.UTC(2026, 6, 1), 'Europe/Berlin')).toBe(2 * HOUR_MS)
    expect(offsetMs(-1, 'UTC')).toBe(0)
  })

  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'])(
    '%s: a local day starts at its midnight',
    (zone) => {
      for (let day = 0; day < 400; day++) expect(toLocalInput(dayStart(NOW, zone, -day), zone)).toMatch(/T0[01]:00$/)
    },
  )

  it('starts a month in the zone', () => {
    expect(iso(monthStart(Date.UTC(2026, 9, 31, 23, 30), 'Europe/Berlin'))).toBe('2026-10-31T23:00:00.000Z')
  })

  it('moves a time in the gap of spring to after it, and refuses what is no time', () => {
    expect(iso(fromLocalInput('2026-03-29T02:30', 'Europe/Berlin') ?? 0)).toBe('2026-03-29T01:30:00.000Z')
    expect(fromLocalInput('yesterday', 'UTC')).toBeNull()
    expect([isZone('Europe/Berlin'), isZone('Mars/Olympus')]).toEqual([true, false])
  })
})
