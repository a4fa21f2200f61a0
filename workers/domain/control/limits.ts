import type { BreakerRule, ControlScope, ControlSettings } from '../../contract/control.ts'

/** A control in memory. */
export interface OpenControl {
  id: string
  name: string
  scope: ControlScope
  /** Empty for the organization. */
  scope_id: string
  settings: ControlSettings
  record: 'all' | 'refusals'
  tools: ReadonlySet<string> | null
}

/** The strictest limit of a kind, and whose it is. */
export interface Limit {
  max: number
  control: OpenControl
}

/** What holds for one piece of work: of each kind the strictest of all controls that apply. */
export interface Limits {
  controls: readonly OpenControl[]
  retries: Limit | null
  context_tokens: Limit | null
  repeats: Limit | null
  depth: Limit | null
  steps: Limit | null
  /** A tool must be in the list of each. */
  tools: readonly { control: OpenControl; names: ReadonlySet<string> }[]
  /** Each control has breakers of its own, with its own rule: any of them refuses. */
  breakers: readonly { control: OpenControl; rule: BreakerRule }[]
}

export function limitsOf(controls: readonly OpenControl[]): Limits {
  const strictest = (of: (settings: ControlSettings) => number | null | undefined) => {
    let limit: Limit | null = null
    for (const control of controls) {
      const max = of(control.settings) ?? null
      if (max !== null && (limit === null || max < limit.max)) limit = { max, control }
    }
    return limit
  }
  return {
    controls,
    retries: strictest(({ retries_max }) => retries_max),
    context_tokens: strictest(({ context_tokens_max }) => context_tokens_max),
    repeats: strictest(({ loop }) => loop?.repeats_max),
    depth: strictest(({ loop }) => loop?.depth_max),
    steps: strictest(({ loop }) => loop?.steps_max),
    tools: controls.flatMap((control) => (control.tools === null ? [] : [{ control, names: control.tools }])),
    breakers: controls.flatMap((control) =>
      control.settings.breaker === null ? [] : [{ control, rule: control.settings.breaker }],
    ),
  }
}

/** The tools that every list has; null where there is no list. */
export function toolsOf({ tools }: Limits): string[] | null {
  const [first, ...others] = tools
  if (first === undefined) return null
  return [...first.names].filter((name) => others.every(({ names }) => names.has(name)))
}
