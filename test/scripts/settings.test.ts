import { describe, expect, it } from 'vitest'
import { readSettings } from '../../scripts/settings.ts'

describe('settings', () => {
  it('has defaults, also for empty variables', () => {
    expect(readSettings({ PORT: '' })).toMatchObject({
      PORT: 8787,
      APP_ENV: 'dev',
      LOG_LEVEL: 'info',
      SHUTDOWN_TIMEOUT: 10_000,
    })
    expect(readSettings({}).DATA_DIR).toMatch(/\.data$/)
  })

  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1m', 60_000],
  ])('reads %s', (text, ms) => {
    expect(readSettings({ SHUTDOWN_TIMEOUT: text }).SHUTDOWN_TIMEOUT).toBe(ms)
  })

  it('names every bad variable in one line', () => {
    expect(() => readSettings({ PORT: '0', LOG_LEVEL: 'loud' })).toThrow(/^PORT is "0" .*; LOG_LEVEL is "loud" [^\n]*$/)
  })
})
