import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import {
  BreakerView,
  Control,
  ControlCreate,
  CONTROL_SCOPES,
  type ControlUpdate,
} from '../../../workers/contract/control.ts'
import { orgPath, type Api } from './api.ts'
import { formatCount, formatPercent } from './format.ts'

export { ControlCreate, CONTROL_SCOPES }
export type { BreakerView, Control, ControlUpdate }
const Controls = Page(Control)
const Breakers = Page(BreakerView)

/** What the pages ask about run-time controls. */
export function controlsOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'controls', ...rest)
  return {
    list: async () => (await api.get(at(), Controls)).data,
    create: (input: z.input<typeof ControlCreate>) => api.post(at(), Control, input),
    update: (id: string, change: ControlUpdate) => api.patch(at(id), Control, change),
    remove: (id: string) => api.delete(at(id), Control),
    breakers: async () => (await api.get(orgPath(org, 'breakers'), Breakers)).data,
    close: (id: string) => api.post(orgPath(org, 'breakers', id, 'reset'), BreakerView),
  }
}

/** Of whom or what a control is, in words. */
export function controlScope({ scope }: Pick<Control, 'scope'>, names: ReadonlyMap<string, string>): string {
  if (scope.type === 'org') return 'Everything'
  return `${scope.type} ${names.get(scope.id ?? '') ?? scope.id ?? ''}`
}

/** Each of its settings in words, in the order of the form. */
export function settingsOf({ retries_max, tools_allowed, context_tokens_max, loop, breaker }: Control): string[] {
  const times = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
  const words: (string | null | undefined | false)[] = [
    retries_max !== null && (retries_max === 0 ? 'no retry' : `at most ${times(retries_max, 'retry', 'retries')}`),
    tools_allowed && (tools_allowed.length === 0 ? 'no tool' : `only the tools ${tools_allowed.join(', ')}`),
    context_tokens_max !== null && `contexts of at most ${formatCount(context_tokens_max)} tokens`,
    loop?.repeats_max != null && `the same call at most ${times(loop.repeats_max, 'time', 'times')} in a trace`,
    loop?.depth_max != null && `at most ${times(loop.depth_max, 'agent', 'agents')} deep`,
    loop?.steps_max != null && `at most ${times(loop.steps_max, 'step', 'steps')} in a trace`,
    breaker &&
      `breaks the circuit for ${breaker.open_s} s when ${formatPercent(breaker.error_rate)} of ${breaker.min_requests} or more calls fail within ${breaker.window_s} s`,
  ]
  return words.filter((word): word is string => Boolean(word))
}

/** What opened a breaker last, in words; null for one that never was open. */
export function openedBy({ opened_by_error_rate: rate, opened_by_requests: requests }: BreakerView): string | null {
  return rate === null
    ? null
    : `${formatPercent(rate)} of ${requests ?? 0} ${requests === 1 ? 'call' : 'calls'} had failed`
}

/** What its present window holds, in words. */
export function windowText({ requests, errors }: BreakerView): string {
  return requests === 0
    ? 'no call in its window'
    : `${formatCount(errors)} of ${formatCount(requests)} calls failed in its window`
}

export const BREAKER_WORDS = { closed: 'closed', open: 'open', half_open: 'half open' } as const
