import { describe, expect, it } from 'vitest'
import { contradiction, cutoffsOf } from '../../workers/domain/retention.ts'

const DAY = 86_400_000
const NOW = 1000 * DAY
const ENDLESS = { events_days: null, traces_days: null, metrics_days: null, archive_days: null }

describe('what is older than its project keeps it', () => {
  it.each([
    ['nothing, where all is kept', ENDLESS, NOW, [null, null, null, null, null]],
    ['events', { ...ENDLESS, events_days: 10 }, NOW, [990, null, null, null, null]],
    ['events that the archive has', { ...ENDLESS, events_days: 10 }, 980 * DAY, [980, null, null, null, null]],
    ['traces alone', { ...ENDLESS, traces_days: 10 }, NOW, [null, null, 990, null, null]],
    [
      'whole batches, when both are done with them',
      { ...ENDLESS, events_days: 40, traces_days: 50 },
      NOW,
      [960, 950, 950, null, null],
    ],
    [
      'whole batches, not before the queue forgets them',
      { ...ENDLESS, events_days: 1, traces_days: 1 },
      NOW,
      [999, 969, 999, null, null],
    ],
    ['charts and archive', { ...ENDLESS, metrics_days: 7, archive_days: 3 }, NOW, [null, null, null, 993, 997]],
  ])('%s', (_, days, archivedMs, expected) => {
    const { events, batches, traces, metrics, archive } = cutoffsOf(days, archivedMs, NOW)
    expect([events, batches, traces, metrics, archive].map((ms) => (ms === null ? null : ms / DAY))).toEqual(expected)
  })

  it.each([
    [90, 400, true],
    [90, 90, true],
    [90, 89, false],
    [null, 400, false],
    [null, null, true],
    [90, null, true],
  ])('events for %s days and traces for %s go together: %s', (events_days, traces_days, fits) => {
    expect(contradiction({ ...ENDLESS, events_days, traces_days }) === null).toBe(fits)
  })
})
