import { describe, expect, it } from 'vitest'
import type { RuleCreate } from '../../workers/contract/alert.ts'
import type { Tally } from '../../workers/domain/slo/burn.ts'
import { daysOf, historyOf } from '../../workers/domain/slo/history.ts'
import { ruleOf } from '../../workers/domain/slo/rule.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 4, 12, 30)

describe('the days of a history', () => {
  it.each([
    ['UTC', '2026-11-04T00:00:00.000Z', '2026-10-22T00:00:00.000Z'],
    // Clocks went back on 25 October.
    ['Europe/Berlin', '2026-11-03T23:00:00.000Z', '2026-10-21T22:00:00.000Z'],
    ['Asia/Kolkata', '2026-11-03T18:30:00.000Z', '2026-10-21T18:30:00.000Z'],
  ])('are those of %s, two windows long, and end now', (zone, today, first) => {
    const days = daysOf(7, zone, NOW)
    expect(days).toHaveLength(14)
    expect(new Date(days[0]?.from_ms ?? 0).toISOString()).toBe(first)
    expect(new Date(days.at(-1)?.from_ms ?? 0).toISOString()).toBe(today)
    expect(days.at(-1)?.to_ms).toBe(NOW)
    days.slice(1).forEach(({ from_ms }, i) => expect(days[i]?.to_ms).toBe(from_ms))
  })
})

describe('what was left', () => {
  const slo = { objective: 0.9, window_days: 7 }
  const days = daysOf(7, 'UTC', NOW)
  const leftWith = (tallies: (i: number) => Tally) =>
    historyOf(
      days,
      days.map((_, i) => tallies(i)),
      slo,
    ).map(({ budget_left }) => budget_left)

  it('is of the window that ends with each day', () => {
    // Of 700 a window, 70 may be bad; 35 were on the ninth day.
    const left = leftWith((i) => ({ bad: i === 8 ? 35 : 0, total: 100 }))
    expect(left).toEqual([1, ...Array.from({ length: 6 }, () => expect.closeTo(0.5, 9))])
  })

  it('comes back when what was bad leaves the window', () => {
    expect(leftWith((i) => ({ bad: i === 2 ? 140 : 0, total: 140 }))).toEqual([
      ...[expect.closeTo(-0.4286, 3), expect.closeTo(-0.4286, 3)],
      ...[1, 1, 1, 1, 1],
    ])
  })

  it('is unknown before anything came', () => {
    const history = historyOf(
      days,
      days.map((_, i) => (i < 10 ? { bad: 0, total: 0 } : { bad: 1, total: 20 })),
      slo,
    )
    expect(history.map(({ budget_left, sli }) => [budget_left, sli])).toEqual([
      ...[
        [null, null],
        [null, null],
        [null, null],
      ],
      ...Array.from({ length: 4 }, () => [expect.closeTo(0.5, 9), 0.95]),
    ])
    expect(history[0]).toMatchObject({ from: new Date(NOW - (NOW % DAY) - 6 * DAY).toISOString() })
  })
})

describe('the rule of an objective', () => {
  const slo = { name: 'fast enough', alerts: 'fast', project_id: 'prj_1', channels: ['chn_1'] } as const
  const of = (more: object = {}) => ruleOf('slo_1', { ...slo, channels: [...slo.channels], ...more }, null)

  it('watches it, where and for whom the objective is', () => {
    expect(of()).toMatchObject({
      name: slo.name,
      project_id: slo.project_id,
      channels: [...slo.channels],
      preset: 'slo_burn',
      enabled: true,
      for_minutes: 0,
      condition: { type: 'burn_rate', slo_id: 'slo_1', windows: 'fast' },
    })
    expect(of({ alerts: null })).toBeNull()
  })

  it('follows it, and keeps what people set', () => {
    const before: RuleCreate = {
      ...(of() as RuleCreate),
      enabled: false,
      for_minutes: 5,
      escalation: { after_minutes: 10, channels: ['chn_2'] },
      runbook_url: 'https://example.com',
    }
    const after = ruleOf('slo_1', { name: 'renamed', alerts: 'both', project_id: null, channels: [] }, before)
    expect(after).toEqual({
      ...before,
      name: 'renamed',
      project_id: null,
      channels: [],
      condition: { type: 'burn_rate', slo_id: 'slo_1', windows: 'both' },
    })
  })
})
