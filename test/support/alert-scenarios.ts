import type { Preset } from '../../workers/contract/alert.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Effect, type Effects, type World } from './alert-world.ts'

/** What the presets are tried on: ordinary weeks with all that is ordinary in them, and what goes wrong. */

/** Five weeks and more before the first evaluation. */
export const START_MS = Date.parse('2026-09-12T00:00:00+02:00')
/** Evaluated: three weeks, in which summer time ends on 25 October. */
export const FROM_MS = Date.parse('2026-10-19T00:00:00+02:00')
export const TO_MS = Date.parse('2026-11-09T00:00:00+01:00')

const at = (text: string) => Date.parse(text)
const within = (atMs: number, fromMs: number, minutes: number) => atMs >= fromMs && atMs < fromMs + minutes * MINUTE_MS

/** Weekly since long ago, along the local clock; summer time ended in between. */
const PEAK_MS = at('2026-09-01T10:00:00+02:00')
const isPeak = (atMs: number) => {
  const local = atMs >= at('2026-10-25T03:00:00+02:00') ? atMs - HOUR_MS : atMs
  return within((((local - PEAK_MS) % (7 * DAY_MS)) + 7 * DAY_MS) % (7 * DAY_MS), 0, 60)
}
const BATCH_MS = at('2026-09-01T02:00:00+02:00')
const isBatch = (atMs: number) => {
  const local = atMs >= at('2026-10-25T03:00:00+02:00') ? atMs - HOUR_MS : atMs
  return within((((local - BATCH_MS) % DAY_MS) + DAY_MS) % DAY_MS, 0, 40)
}
/** Three minutes in which a third of the requests fails. */
const DEPLOYS = ['2026-10-27T15:20:00+01:00', '2026-10-21T11:05:00+02:00', '2026-11-04T09:40:00+01:00'].map(at)

/** Nobody should be told of the mail, the batch, a holiday on Friday 30 October, deploys, growth, or other clocks. */
const ordinary: Effects = (atMs, flow) => {
  const traffic =
    (isPeak(atMs) ? 2 : 1) *
    (flow.name === 'research' && isBatch(atMs) ? 6 : 1) *
    (within(atMs, at('2026-10-30T00:00:00+01:00'), 1440) ? 0.25 : 1)
  const isDeploy = DEPLOYS.some((fromMs) => within(atMs, fromMs, 3))
  return { traffic, ...(isDeploy && { fails: { dependency_unavailable: 0.33 } }) }
}

export const worldOf = (seed: number, perDay: number): World => ({
  ...{ seed, perDay, startMs: START_MS, growth: 1.03, effects: ordinary },
})

/** The same, with something wrong for a while. */
export function broken(world: World, { what }: Scenario, fromMs: number, minutes: number): World {
  return {
    ...world,
    effects(atMs, flow) {
      const usual = world.effects(atMs, flow) ?? {}
      if (!within(atMs, fromMs, minutes) || (what.flow !== undefined && what.flow !== flow.name)) return usual
      const traffic = (usual.traffic ?? 1) * (what.effect.traffic ?? 1)
      return { ...usual, ...what.effect, traffic, fails: { ...usual.fails, ...what.effect.fails } }
    },
  }
}

/** At the peak, at night, on a weekend, on the day on which summer time ends, and on the morning's slope. */
const TIMES = {
  peak: at('2026-10-21T14:07:00+02:00'),
  night: at('2026-10-29T03:11:00+01:00'),
  weekend: at('2026-10-24T15:02:00+02:00'),
  'clock change': at('2026-10-25T13:00:00+01:00'),
  morning: at('2026-11-05T07:30:00+01:00'),
}
export type Time = keyof typeof TIMES
export const timeOf = (time: Time) => TIMES[time]

export interface Scenario {
  preset: Preset
  name: string
  what: { flow?: string; effect: Effect }
  minutes: number
  times: Time[]
  /** Too little to be woken for, or to be told from chance: found or not, it is in the table. */
  is_faint?: boolean
}

const ALWAYS: Time[] = ['peak', 'night', 'weekend', 'clock change', 'morning']
/** Where less comes, so little more is nothing to be woken for. */
const BY_DAY: Time[] = ['peak', 'weekend', 'clock change', 'morning']

export const SCENARIOS: Scenario[] = [
  {
    ...{ preset: 'spend_spike', name: 'calls cost 2.5 times as much', minutes: 150, times: BY_DAY },
    what: { effect: { cost: 2.5 } },
  },
  {
    ...{ preset: 'spend_spike', name: 'calls cost 2.5 times as much', minutes: 150, times: ['night'], is_faint: true },
    what: { effect: { cost: 2.5 } },
  },
  {
    ...{ preset: 'spend_spike', name: 'a loop in research: eight times the requests', minutes: 120, times: ALWAYS },
    what: { flow: 'research', effect: { traffic: 8 } },
  },
  {
    ...{ preset: 'success_rate', name: 'everything fails', minutes: 25, times: ALWAYS },
    what: { effect: { fails: { dependency_unavailable: 1 } } },
  },
  {
    ...{ preset: 'success_rate', name: 'a quarter fails', minutes: 60, times: ALWAYS },
    what: { effect: { fails: { timeout: 0.25 } } },
  },
  {
    ...{ preset: 'success_rate', name: 'an eighth fails', minutes: 90, times: ['peak', 'weekend', 'clock change'] },
    what: { effect: { fails: { timeout: 0.125 } } },
  },
  {
    ...{ preset: 'error_spike', name: 'an error that never came before, 40 % of one workflow', minutes: 90 },
    ...{ times: ['peak', 'morning'], what: { flow: 'support', effect: { fails: { auth_failed: 0.4 } } } },
  },
  {
    ...{ preset: 'error_spike', name: 'a dependency is down for six of ten requests', minutes: 60, times: BY_DAY },
    what: { effect: { fails: { dependency_unavailable: 0.6 } } },
  },
  {
    ...{ preset: 'error_spike', name: 'rate limits for one request in eight', minutes: 90, times: ['peak'] },
    what: { effect: { fails: { rate_limit: 0.125 } } },
  },
  {
    ...{ preset: 'error_spike', name: 'a dependency is down, at night', minutes: 60, times: ['night'], is_faint: true },
    what: { effect: { fails: { dependency_unavailable: 0.6 } } },
  },
  {
    ...{
      preset: 'error_spike',
      name: 'rate limits for one request in 25',
      minutes: 90,
      times: ['peak'],
      is_faint: true,
    },
    what: { effect: { fails: { rate_limit: 0.04 } } },
  },
  {
    ...{ preset: 'latency_p99', name: 'a model four times as slow', minutes: 60, times: BY_DAY },
    what: { flow: 'support', effect: { slow: 4 } },
  },
  {
    ...{ preset: 'policy_burst', name: 'a third of a workflow is blocked', minutes: 90, times: BY_DAY },
    what: { flow: 'support', effect: { blocks: 0.33 } },
  },
  {
    ...{ preset: 'token_spike', name: 'contexts five times as large', minutes: 120, times: ALWAYS },
    what: { flow: 'support', effect: { cost: 5 } },
  },
  {
    ...{ preset: 'token_spike', name: 'contexts three times as large', minutes: 150, times: BY_DAY },
    what: { flow: 'refunds', effect: { cost: 3 } },
  },
  {
    ...{ preset: 'retry_storm', name: 'every call is tried four times', minutes: 60, times: ALWAYS },
    what: { flow: 'support', effect: { retries: 3 } },
  },
  {
    ...{ preset: 'retry_storm', name: 'every second call is tried again', minutes: 60, times: ['peak', 'weekend'] },
    what: { flow: 'support', effect: { retries: 0.5 } },
  },
  {
    ...{ preset: 'no_data', name: 'nothing comes any more', minutes: 120, times: ALWAYS },
    what: { effect: { traffic: 0 } },
  },
]
