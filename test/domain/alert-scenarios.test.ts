import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Preset } from '../../workers/contract/alert.ts'
import { ALERT_PRESETS } from '../../workers/contract/alert-presets.ts'
import { Traffic } from '../support/alert-answers.ts'
import {
  broken,
  FROM_MS,
  SCENARIOS,
  timeOf,
  TO_MS,
  worldOf,
  type Scenario,
  type Time,
} from '../support/alert-scenarios.ts'
import { Trial } from '../support/alert-trial.ts'
import { HOUR_MS, MINUTE_MS } from '../support/alert-world.ts'

const ORDINARY = worldOf(7, 6000)
const TRAFFIC = new Traffic(ORDINARY)
const PRESETS = [...new Set(SCENARIOS.map(({ preset }) => preset))]
const QUIET_STEP_MS = 10 * MINUTE_MS
const TIMEOUT_MS = 60_000

interface Result {
  scenario: Scenario
  time: Time
  /** Until an incident was opened; null when none was. */
  minutes: number | null
  /** Incidents that were opened before anything was wrong. */
  early: number
}
const results: Result[] = []
const alarms = new Map<Preset, string[]>()

function tried(scenario: Scenario, time: Time): Result & { trial: Trial } {
  const from = timeOf(time)
  const to = from + scenario.minutes * MINUTE_MS
  const world = broken(ORDINARY, scenario, from, scenario.minutes)
  const traffic = new Traffic(world, TRAFFIC, (at) => at >= from && at < to)
  const trial = new Trial(ALERT_PRESETS[scenario.preset].rule)
  for (let at = from - HOUR_MS; at <= to + 2 * HOUR_MS; at += at < from || at > to ? 5 * MINUTE_MS : MINUTE_MS)
    trial.evaluate(traffic, at)
  const opened = [...trial.incidents.values()].map(({ opened_ms }) => opened_ms)
  const hit = opened.find((at) => at >= from && at <= to)
  const early = opened.filter((at) => at < from).length
  return { scenario, time, minutes: hit === undefined ? null : (hit - from) / MINUTE_MS, early, trial }
}

describe('fires on what goes wrong, and once', () => {
  it.each(SCENARIOS.flatMap((scenario) => scenario.times.map((time) => ({ scenario, time, ...scenario }))))(
    '$preset: $name, $time',
    ({ scenario, time }) => {
      const { trial, ...result } = tried(scenario, time)
      results.push(result)
      if (scenario.is_faint !== true) expect(result.minutes).not.toBeNull()
      expect(new Set(trial.told.map(({ key }) => key)).size).toBe(trial.told.length)
      // Once for each opening: what is over and comes back is told again.
      const openings = [...trial.incidents.values()].reduce((sum, one) => sum + one.openings, 0)
      expect(trial.told.filter(({ notice }) => notice === 'opened').length).toBe(openings)
    },
    TIMEOUT_MS,
  )
})

describe('three ordinary weeks', () => {
  it.each(PRESETS)(
    '%s',
    (preset) => {
      const trial = new Trial(ALERT_PRESETS[preset].rule)
      for (let at = FROM_MS; at < TO_MS; at += QUIET_STEP_MS) trial.evaluate(TRAFFIC, at)
      const told = [...trial.incidents.values()].map(({ timeline }) => timeline[0]?.detail ?? '')
      alarms.set(preset, told)
      expect(told.length, told.join('\n')).toBeLessThanOrEqual(1)
    },
    TIMEOUT_MS,
  )
})

const falseOf = (preset: Preset) =>
  (alarms.get(preset)?.length ?? 0) +
  results.filter(({ scenario }) => scenario.preset === preset).reduce((sum, { early }) => sum + early, 0)
const share = (part: number, whole: number) => (part / whole).toFixed(2)

it('tells true alarms from false ones, as docs/alerts.md says', () => {
  const found = results.filter(({ minutes }) => minutes !== null).length
  const wrong = PRESETS.reduce((sum, preset) => sum + falseOf(preset), 0)
  expect(found / (found + wrong)).toBeGreaterThanOrEqual(0.95)
  const byPreset = PRESETS.map((preset) => {
    const own = results.filter(({ scenario }) => scenario.preset === preset)
    const hits = own.filter(({ minutes }) => minutes !== null).length
    const counts = `${own.length} | ${hits} | ${falseOf(preset)}`
    return `| ${ALERT_PRESETS[preset].name} | ${counts} | ${share(hits, hits + falseOf(preset))} | ${share(hits, own.length)} |`
  })
  const all = `| **All** | ${results.length} | ${found} | ${wrong} | ${share(found, found + wrong)} | ${share(found, results.length)} |`
  const byScenario = SCENARIOS.map((scenario) => {
    const own = results.filter((one) => one.scenario === scenario)
    const times = own.map(({ time, minutes }) => `${time} ${minutes === null ? '—' : `${minutes} min`}`).join(', ')
    return `| ${ALERT_PRESETS[scenario.preset].name} | ${scenario.name}${scenario.is_faint ? ' (faint)' : ''} | ${times} |`
  })
  const table = [
    '| rule | scenarios | found | false alarms | precision | recall |\n|---|---|---|---|---|---|',
    ...[...byPreset, all, '', '| rule | what goes wrong | until an incident is opened |\n|---|---|---|', ...byScenario],
  ].join('\n')
  expect(readFileSync('docs/alerts.md', 'utf8')).toContain(table)
})
