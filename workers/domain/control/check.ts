import type { ControlKind } from '../../contract/control.ts'
import type { FailureType } from '../failure.ts'
import type { Breaker } from './breaker.ts'
import type { Limit, Limits, OpenControl } from './limits.ts'

/** What work says of itself, as controls see it; null where it says nothing. */
export interface WorkFacts {
  /** Retries so far: 0 for the first try. */
  attempt: number | null
  tool: string | null
  tokens_context: number | null
  depth: number | null
  /** The number of this step in its trace: as told, or as counted, whichever is greater. */
  step: number | null
  /** How often its trace made the same call before; null where its call is not known. */
  repeats: number | null
}

export type ControlReason = 'retry_cap' | 'tool_not_allowed' | 'context_limit' | 'loop_detected' | 'circuit_open'

/** What is compared with a limit. */
export type Measure = 'retries' | 'tool' | 'context_tokens' | 'repeats' | 'depth' | 'steps' | 'breaker'

/** One control that was asked about one kind. */
export interface Check {
  kind: ControlKind
  measure: Measure
  control: OpenControl
  /** What the work has, and what it may have at most. */
  value: number | string
  limit: number | string
}

export interface Refusal extends Check {
  reason: ControlReason
  error_type: FailureType
  /** In plain words, with the numbers. */
  detail: string
  retry_at_ms: number | null
}

/** The breaker of a control for the work's provider and model, and whether it lets the work in. */
export interface BreakerAnswer {
  control: OpenControl
  breaker: Breaker
  isIn: boolean
}

/**
 * Asks every control that applies, the cheapest kinds first. `passed` are the checks that were passed, for the record;
 * `refusal` is the first that was not. What work does not say of itself is not checked.
 */
export function check(
  limits: Limits,
  facts: WorkFacts,
  breakers: readonly BreakerAnswer[],
): { passed: Check[]; refusal: Refusal | null } {
  const passed: Check[] = []
  for (const asked of questions(limits, facts, breakers)) {
    const { refuses, ...rest } = asked
    if (refuses) return { passed, refusal: rest }
    const { kind, measure, control, value, limit } = rest
    passed.push({ kind, measure, control, value, limit })
  }
  return { passed, refusal: null }
}

type Question = Refusal & { refuses: boolean }

/** Of the kinds that are a number and its maximum: what a refusal is called, and how its detail begins. */
const NUMBERS = {
  retries: { kind: 'retry_cap', reason: 'retry_cap', error_type: 'policy_blocked', words: 'This would be retry' },
  context_tokens: {
    kind: 'context_limit',
    reason: 'context_limit',
    // As what a provider says of too long a context is called.
    error_type: 'missing_context',
    words: 'The tokens of its context are',
  },
  depth: { kind: 'loop', reason: 'loop_detected', error_type: 'loop_detected', words: 'Its depth is' },
  steps: {
    kind: 'loop',
    reason: 'loop_detected',
    error_type: 'loop_detected',
    words: 'In its trace this would be step',
  },
} as const

function* questions(limits: Limits, facts: WorkFacts, breakers: readonly BreakerAnswer[]): Generator<Question> {
  yield* atMost('retries', limits.retries, facts.attempt)
  if (facts.tool !== null) yield* tools(limits, facts.tool)
  yield* atMost('context_tokens', limits.context_tokens, facts.tokens_context)
  yield* repeats(limits, facts)
  yield* atMost('depth', limits.depth, facts.depth)
  yield* atMost('steps', limits.steps, facts.step)
  for (const answer of breakers) yield breakerQuestion(answer)
}

function* atMost(measure: keyof typeof NUMBERS, limit: Limit | null, value: number | null): Generator<Question> {
  if (limit === null || value === null) return
  const { control, max } = limit
  const { words, ...names } = NUMBERS[measure]
  const detail = `${words} ${value}; “${control.name}” allows at most ${max}.`
  yield { ...names, measure, control, value, limit: max, detail, retry_at_ms: null, refuses: value > max }
}

function* tools(limits: Limits, tool: string): Generator<Question> {
  for (const { control, names } of limits.tools) {
    yield {
      kind: 'tool_allowlist',
      measure: 'tool',
      control,
      value: tool,
      limit: names.size,
      reason: 'tool_not_allowed',
      error_type: 'policy_blocked',
      detail: `The tool “${tool}” is not among the ${names.size} that “${control.name}” allows.`,
      retry_at_ms: null,
      refuses: !names.has(tool),
    }
  }
}

function* repeats({ repeats: limit }: Limits, { repeats: before, tool }: WorkFacts): Generator<Question> {
  if (limit === null || before === null) return
  const { control, max } = limit
  yield {
    kind: 'loop',
    measure: 'repeats',
    control,
    value: before + 1,
    limit: max,
    reason: 'loop_detected',
    error_type: 'loop_detected',
    detail: `The tool “${tool ?? ''}” would be called with the same arguments for the ${ordinal(before + 1)} time in its trace; “${control.name}” allows at most ${max}.`,
    retry_at_ms: null,
    refuses: before + 1 > max,
  }
}

function breakerQuestion({ control, breaker, isIn }: BreakerAnswer): Question {
  const { state, rate, requests, until_ms } = breaker
  const opened = `${percent(rate ?? 0)} of ${requests ?? 0} calls had failed`
  const detail =
    state === 'open' && until_ms !== null
      ? `The circuit breaker of “${control.name}” is open, since ${opened}: try again at ${new Date(until_ms).toISOString()}.`
      : `The circuit breaker of “${control.name}” is half open, since ${opened}, and has let in as many probes as it may.`
  return {
    kind: 'circuit_breaker',
    measure: 'breaker',
    control,
    value: state,
    limit: control.settings.breaker?.error_rate ?? 1,
    reason: 'circuit_open',
    error_type: 'dependency_unavailable',
    detail,
    retry_at_ms: until_ms,
    refuses: !isIn,
  }
}

const percent = (rate: number) => `${Math.round(rate * 1000) / 10} %`

function ordinal(n: number): string {
  const [tens, ones] = [n % 100, n % 10]
  if (tens >= 11 && tens <= 13) return `${n}th`
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[ones] ?? 'th'}`
}
