import { expect, it } from 'vitest'
import { cronMatches } from '../../scripts/runtime/cron.ts'

it.each([
  ['* * * * *', '2026-11-23T10:11:12Z', true],
  ['7 * * * *', '2026-11-23T10:07:59Z', true],
  ['7 * * * *', '2026-11-23T10:08:00Z', false],
  ['*/15 * * * *', '2026-11-23T10:45:00Z', true],
  ['*/15 * * * *', '2026-11-23T10:46:00Z', false],
  ['0 3 1 * *', '2026-11-01T03:00:00Z', true],
  ['0 3 1 * *', '2026-11-02T03:00:00Z', false],
  ['0 9-17 * * 1-5', '2026-11-23T09:00:00Z', true],
  ['0 9-17 * * 1-5', '2026-11-22T09:00:00Z', false],
  ['0 0 * * 7', '2026-11-22T00:00:00Z', true],
  ['0 0 * * 0', '2026-11-22T00:00:00Z', true],
  ['1,31 10/2 * 11 *', '2026-11-23T12:31:00Z', true],
  ['1,31 10/2 * 11 *', '2026-11-23T13:31:00Z', false],
])('%s at %s: %s', (cron, at, matches) => {
  expect(cronMatches(cron, new Date(at))).toBe(matches)
})

it.each(['* * * *', 'x * * * *', '1-2-3 * * * *'])('refuses %s', (cron) => {
  expect(() => cronMatches(cron, new Date())).toThrow()
})
