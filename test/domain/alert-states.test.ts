import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Severity } from '../../workers/contract/alert.ts'
import { ALERT_PRESETS } from '../../workers/contract/alert-presets.ts'
import { settleIncidents, type StoredIncident, type Telling } from '../../workers/domain/alert/incident.ts'
import type { Sample } from '../../workers/domain/alert/sample.ts'
import { RESOLVE_AFTER_MS, stepAll, type StoredInstance } from '../../workers/domain/alert/state.ts'

const MINUTE_MS = 60_000
const START_MS = Date.UTC(2026, 10, 2, 9)
const { rule: PRESET } = ALERT_PRESETS.retry_storm

type Found = Severity | 'fine' | 'no_data' | 'absent'
interface Moment {
  /** What is found of groups a and b. */
  found: [Found, Found]
  silenced: boolean
  /** How often the moment is evaluated. */
  times: number
}

type Rule = Parameters<typeof settleIncidents>[0]['rule']
const ruleOf = (more: Partial<Rule> = {}): Rule => ({
  ...{ ...PRESET, id: 'rul_1', channels: ['chn_1'], for_minutes: 3, no_data: 'show', ...more },
})

function sampleOf(name: string, found: Found): Sample[] {
  if (found === 'absent') return []
  const severity = found === 'warning' || found === 'critical' ? found : null
  const unknown = found === 'no_data' ? ('no_data' as const) : null
  return [{ group: { workflow_id: name }, value: 1, severity, usual: null, unknown, detail: found }]
}

/** Plays moments, one a minute, and keeps what an object would. */
function play(rule: Rule, moments: readonly Moment[]) {
  let instances: StoredInstance[] = []
  const incidents = new Map<string, StoredIncident>()
  const told: (Telling & { at: number })[] = []
  const history: StoredInstance[][] = []
  for (const [at, { found, silenced, times }] of moments.entries()) {
    const nowMs = START_MS + at * MINUTE_MS
    for (let time = 0; time < times; time++) {
      const samples = [...sampleOf('a', found[0]), ...sampleOf('b', found[1])]
      const gone = (group: Sample['group']) =>
        sampleOf(group.workflow_id ?? '', 'no_data').map((s) => ({ ...s, group }))[0]
      instances = stepAll(instances, samples, rule, (group) => gone(group) ?? fail(), nowMs)
      const all = [...incidents.values()]
      const { changed, told: now } = settleIncidents({
        ...{ rule, instances, nowMs, isSilenced: () => silenced },
        open: all.filter(({ state }) => state === 'firing'),
        resolved: (key) => all.findLast((one) => one.key === key && one.state === 'resolved') ?? null,
        newId: () => `inc_${incidents.size}_${at}_${ids++}`,
      })
      if (time > 0) expect([changed, now], 'again, nothing is new').toEqual([[], []])
      for (const one of changed) incidents.set(one.id, one)
      told.push(...now.map((one) => ({ ...one, at })))
    }
    history.push(instances)
  }
  return { instances, incidents: [...incidents.values()], told, history }
}
let ids = 0
const fail = (): never => {
  throw new Error('no sample')
}

const moment = (found: Found, more: Partial<Moment> = {}): Moment => ({
  ...{ found: [found, 'fine'], silenced: false, times: 1, ...more },
})
const many = (n: number, found: Found, more: Partial<Moment> = {}) =>
  Array.from({ length: n }, () => moment(found, more))
const noticesOf = (moments: Moment[], rule = ruleOf()) =>
  play(rule, moments).told.map(({ notice, at }) => `${at} ${notice}`)
const OFF = RESOLVE_AFTER_MS / MINUTE_MS

describe('what is told, and at which minute', () => {
  const holds = many(4, 'warning')
  it.each<[string, Moment[], Partial<Rule>, string[]]>([
    ['nothing of what does not hold long enough', [...many(3, 'critical'), ...many(9, 'fine')], {}, []],
    ['what holds, and that it is over', [...holds, ...many(9, 'fine')], {}, ['3 opened', `${4 + OFF} resolved`]],
    ['at once without `for`', many(1, 'critical'), { for_minutes: 0 }, ['0 opened']],
    ['that it is worse', [...holds, ...many(3, 'critical')], {}, ['3 opened', '4 severity_raised']],
    ['not that it is less bad', [...many(4, 'critical'), ...holds], {}, ['3 opened']],
    ['one incident through quiet minutes', [...holds, ...many(OFF, 'fine'), ...holds], {}, ['3 opened']],
    [
      'again when it fires again soon after its end',
      [...holds, ...many(OFF + 1, 'fine'), ...holds],
      {},
      ['3 opened', `${4 + OFF} resolved`, `${8 + OFF} opened`],
    ],
    ['escalation', many(30, 'warning'), escalates(10), ['3 opened', '13 escalated']],
    ['after a silence, once', [...many(10, 'warning', { silenced: true }), ...many(10, 'warning')], {}, ['10 opened']],
    [
      'nothing of what is over when a silence ends',
      [...many(6, 'warning', { silenced: true }), ...many(12, 'fine', { silenced: true }), ...many(3, 'fine')],
      {},
      [],
    ],
    ['nothing of missing data that is only shown', many(20, 'no_data'), {}, []],
    ['missing data, where it is to be told', many(20, 'no_data'), { no_data: 'notify' }, ['3 no_data']],
    [
      'nothing new while missing data keeps what was',
      [...holds, ...many(20, 'no_data')],
      { no_data: 'keep' },
      ['3 opened'],
    ],
    [
      'the end, when missing data counts as zero',
      [...holds, ...many(9, 'no_data')],
      { no_data: 'zero' },
      ['3 opened', `${4 + OFF} resolved`],
    ],
    [
      'the end, when a group is not there any more',
      [...holds, ...many(9, 'absent')],
      { no_data: 'zero' },
      ['3 opened', `${4 + OFF} resolved`],
    ],
    ['two groups in one', many(6, 'warning', { found: ['warning', 'critical'] }), { notify_per: 'rule' }, ['3 opened']],
    [
      'two groups, each',
      many(6, 'warning', { found: ['warning', 'critical'] }),
      { notify_per: 'group' },
      ['3 opened', '3 opened'],
    ],
  ])('%s', (_, moments, more, expected) => {
    expect(noticesOf(moments, ruleOf(more))).toEqual(expected)
  })
})

function escalates(after_minutes: number): Partial<Rule> {
  return { escalation: { after_minutes, channels: ['chn_2'] } }
}

it('is the same incident when it fires again within ten minutes of its end, and another one later', () => {
  const again = (quiet: number) =>
    play(ruleOf({ for_minutes: 0 }), [...many(1, 'warning'), ...many(quiet, 'fine'), ...many(1, 'warning')]).incidents
  expect(again(OFF + 8).map(({ openings }) => openings)).toEqual([2])
  expect(again(OFF + 20).map(({ openings }) => openings)).toEqual([1, 1])
})

const anyFound = fc.constantFrom<Found>('warning', 'warning', 'critical', 'fine', 'fine', 'no_data', 'absent')
const anyMoment = fc.record({
  found: fc.tuple(anyFound, anyFound),
  silenced: fc.boolean(),
  times: fc.constantFrom(1, 1, 1, 3),
})
const anyRule = fc
  .record({
    for_minutes: fc.nat(4),
    no_data: fc.constantFrom('zero' as const, 'keep' as const, 'show' as const, 'notify' as const),
    notify_per: fc.constantFrom('rule' as const, 'group' as const),
    escalation: fc.constantFrom<Rule['escalation']>(null, { after_minutes: 5, channels: ['chn_2'] }),
  })
  .map((more) => ruleOf(more))

it('whatever comes, however often it is evaluated', () => {
  fc.assert(
    fc.property(anyRule, fc.array(anyMoment, { maxLength: 60 }), (rule, moments) => {
      const { incidents, told, history } = play(rule, moments)
      expect(new Set(told.map(({ key }) => key)).size).toBe(told.length)
      for (const one of incidents) {
        expect(one.state === 'resolved').toBe(one.resolved_ms !== null)
        expect(one.began_ms).toBeLessThanOrEqual(one.opened_ms)
      }
      const open = incidents.filter(({ state }) => state === 'firing').map(({ key }) => key)
      expect(new Set(open).size).toBe(open.length)
      for (const { at, notice } of told) if (notice !== 'resolved') expect(moments[at]?.silenced).toBe(false)
      // What fires has held for so long, without a quiet evaluation before it fired.
      for (const [at, instances] of history.entries())
        for (const { key, state, holds_since_ms } of instances)
          if (state === 'firing' && history[at - 1]?.find((one) => one.key === key)?.state !== 'firing')
            expect(START_MS + at * MINUTE_MS - (holds_since_ms ?? Infinity)).toBeGreaterThanOrEqual(
              rule.for_minutes * MINUTE_MS,
            )
    }),
    { numRuns: 400 },
  )
})
