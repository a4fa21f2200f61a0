import type { Failure, FailureName } from './model.ts'
import type { Random } from './random.ts'

/** Where a failure strikes. */
export type Place = 'llm' | 'tool' | 'workflow' | 'policy'

interface FailureKind {
  name: FailureName
  place: Place
  /** Probability per trace of a workflow of ordinary fragility. */
  rate: number
  /** Probability that the next attempt fails as well; none: it is not tried again. */
  again?: number
  /** Spellings that occur in the wild. */
  raw: string[]
  message: string
}

export const FAILURE_KINDS: readonly FailureKind[] = [
  {
    name: 'rate_limit',
    place: 'llm',
    rate: 0.02,
    again: 0.25,
    raw: ['429', 'rate_limit', 'RateLimitError'],
    message: 'Rate limit reached for requests, retry in {n} ms (request {id})',
  },
  {
    name: 'timeout',
    place: 'llm',
    rate: 0.012,
    again: 0.3,
    raw: ['timeout', 'ETIMEDOUT', '504'],
    message: 'Request {id} timed out after 30000 ms',
  },
  {
    name: 'quota_exceeded',
    place: 'llm',
    rate: 0.0018,
    raw: ['quota_exceeded', 'insufficient_quota'],
    message: 'You exceeded your current quota, check plan and billing',
  },
  {
    name: 'auth_failed',
    place: 'llm',
    rate: 0.0015,
    raw: ['401', 'auth_failed'],
    message: 'Incorrect API key provided: sk-****{n}',
  },
  {
    name: 'invalid_json',
    place: 'llm',
    rate: 0.009,
    again: 0.2,
    raw: ['invalid_json', 'JSONDecodeError'],
    message: 'Unexpected token in JSON at position {n}',
  },
  {
    name: 'tool_selection_error',
    place: 'llm',
    rate: 0.003,
    raw: ['tool_selection_error', 'NoSuchToolError'],
    message: 'Model called unknown tool "lookup_{n}"',
  },
  {
    name: 'unsafe_output',
    place: 'llm',
    rate: 0.003,
    raw: ['unsafe_output', 'content_filter'],
    message: 'The answer was stopped by the content filter',
  },
  {
    name: 'tool_timeout',
    place: 'tool',
    rate: 0.009,
    again: 0.3,
    raw: ['tool_timeout', 'ToolTimeout'],
    message: 'Tool did not answer within 10000 ms (call {id})',
  },
  {
    name: 'tool_contract_mismatch',
    place: 'tool',
    rate: 0.003,
    raw: ['tool_contract_mismatch'],
    message: 'Argument "amount" must be a number, got string at line {n}',
  },
  {
    name: 'dependency_unavailable',
    place: 'tool',
    rate: 0.006,
    again: 0.35,
    raw: ['503', 'ECONNREFUSED', 'dependency_unavailable'],
    message: 'connect ECONNREFUSED 10.0.{n}.4:443',
  },
  {
    name: 'tool_runtime',
    place: 'tool',
    rate: 0.005,
    raw: ['tool_runtime'],
    message: 'KeyError: record {id} has no field "status"',
  },
  {
    name: 'loop_detected',
    place: 'workflow',
    rate: 0.003,
    raw: ['loop_detected', 'MaxTurnsExceeded'],
    message: 'Stopped after 8 turns without progress',
  },
  {
    name: 'missing_context',
    place: 'llm',
    rate: 0.004,
    raw: ['missing_context', 'context_length_exceeded'],
    message: 'Prompt of {n} tokens is over the context window',
  },
  {
    name: 'bad_routing',
    place: 'workflow',
    rate: 0.003,
    raw: ['bad_routing'],
    message: 'No handler takes category {n}',
  },
  {
    name: 'validation',
    place: 'workflow',
    rate: 0.004,
    raw: ['validation', 'ValidationError', '422'],
    message: 'Result lacks required field "total" (document {id})',
  },
  {
    name: 'policy_blocked',
    place: 'policy',
    rate: 0.003,
    raw: ['policy_blocked'],
    message: 'Blocked by policy egress-allowlist',
  },
  {
    name: 'approval_timeout',
    place: 'policy',
    rate: 0.0015,
    raw: ['approval_timeout'],
    message: 'Nobody approved within 2 minutes',
  },
  {
    name: 'budget_exceeded',
    place: 'policy',
    rate: 0.0012,
    raw: ['budget_exceeded'],
    message: 'The daily budget of this agent is used up',
  },
  {
    name: 'unknown',
    place: 'workflow',
    rate: 0.0012,
    raw: ['SegfaultInVendorBlob'],
    message: 'Unexpected condition {n}',
  },
]

export interface Strike {
  kind: FailureKind
  failure: Failure
}

export function kindNamed(name: FailureName): FailureKind {
  const kind = FAILURE_KINDS.find((k) => k.name === name)
  if (kind === undefined) throw new Error(`no failure is named ${name}`)
  return kind
}

/** What goes wrong in one trace, if anything. */
export function drawStrike(random: Random, fragility: number): Strike | undefined {
  let left = random.next() / fragility
  for (const kind of FAILURE_KINDS) {
    left -= kind.rate
    if (left < 0) return { kind, failure: failureOf(random, kind) }
  }
  return undefined
}

/** A failure as one client words it. */
export function failureOf(random: Random, kind: FailureKind): Failure {
  const message = kind.message.replace('{n}', String(random.integer(3, 9999))).replace('{id}', random.hex(12))
  return { name: kind.name, raw: random.pick(kind.raw), message }
}
