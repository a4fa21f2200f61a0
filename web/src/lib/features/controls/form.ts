import type { Control } from '$lib/controls.ts'

/** The numbers of the form: where each lies in a control, and how it is asked for. */
export const NUMBERS = [
  { name: 'retries_max', label: 'Most retries', hint: 'Beside the first try' },
  { name: 'context_tokens_max', label: 'Most tokens of context', hint: 'Of one call' },
  { name: 'repeats_max', label: 'Most repeats', hint: 'Same tool, same arguments, one trace' },
  { name: 'depth_max', label: 'Greatest depth', hint: 'Agents that call agents; 0 is the top' },
  { name: 'steps_max', label: 'Most steps', hint: 'Of one trace' },
] as const

export const BREAKER_NUMBERS = [
  { name: 'error_percent', label: 'Opens at, in percent failed', preset: '50' },
  { name: 'min_requests', label: 'Of at least so many calls', preset: '20' },
  { name: 'window_s', label: 'Within seconds', preset: '60' },
  { name: 'open_s', label: 'Stays open for seconds', preset: '30' },
  { name: 'half_open_max', label: 'Then closes after so many good calls', preset: '3' },
] as const

/** What the form shows: texts by the names of its fields. */
export type Given = Record<string, string>

/** A control as its form shows it. */
export function givenOf(control: Control): Given {
  const { breaker, loop, tools_allowed } = control
  const numbers: Record<string, number | null | undefined> = {
    retries_max: control.retries_max,
    context_tokens_max: control.context_tokens_max,
    ...loop,
    ...breaker,
    error_percent: breaker && Math.round(breaker.error_rate * 10_000) / 100,
  }
  return {
    ...Object.fromEntries(Object.entries(numbers).flatMap(([name, n]) => (n == null ? [] : [[name, String(n)]]))),
    name: control.name,
    tools: tools_allowed?.join(', ') ?? '',
    tools_limited: tools_allowed === null ? '' : 'yes',
    breaker: breaker === null ? '' : 'yes',
    record: control.record,
  }
}

/** What the form says, as the API takes it; a number that is none goes there as text, and is refused with its name. */
export function inputOf(given: Given) {
  const number = (name: string): number | string | null => {
    const text = given[name] ?? ''
    if (text === '') return null
    return Number.isNaN(Number(text)) ? text : Number(text)
  }
  const loop = { repeats_max: number('repeats_max'), depth_max: number('depth_max'), steps_max: number('steps_max') }
  const percent = number('error_percent')
  const tools = (given['tools'] ?? '').split(',').map((name) => name.trim())
  return {
    name: given['name'] ?? '',
    retries_max: number('retries_max'),
    tools_allowed: given['tools_limited'] === 'yes' ? tools.filter((name) => name !== '') : null,
    context_tokens_max: number('context_tokens_max'),
    loop: Object.values(loop).some((value) => value !== null) ? loop : null,
    breaker:
      given['breaker'] === 'yes'
        ? {
            error_rate: typeof percent === 'number' ? percent / 100 : percent,
            min_requests: number('min_requests'),
            window_s: number('window_s'),
            open_s: number('open_s'),
            half_open_max: number('half_open_max'),
          }
        : null,
    record: given['record'] === 'refusals' ? 'refusals' : 'all',
  }
}

/** What is wrong, by the form's fields: of each the first thing. */
export function errorsOf(issues: readonly { path: PropertyKey[]; message: string }[]): Record<string, string> {
  const fields = { error_rate: 'error_percent', tools_allowed: 'tools', id: 'scope_id', '': 'form' } as Record<
    string,
    string
  >
  const named = issues.toReversed().map(({ path, message }) => {
    const last = path.findLast((part) => typeof part === 'string') ?? ''
    return [fields[String(last)] ?? String(last), message] as const
  })
  return Object.fromEntries(named)
}
