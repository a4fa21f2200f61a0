/** The failure taxonomy: error type → class. */
export const FAILURES = {
  timeout: 'provider',
  rate_limit: 'provider',
  quota_exceeded: 'provider',
  auth_failed: 'provider',
  invalid_json: 'model',
  tool_selection_error: 'model',
  unsafe_output: 'model',
  tool_timeout: 'tooling',
  tool_contract_mismatch: 'tooling',
  dependency_unavailable: 'tooling',
  tool_runtime: 'tooling',
  loop_detected: 'workflow',
  missing_context: 'workflow',
  bad_routing: 'workflow',
  validation: 'workflow',
  policy_blocked: 'governance',
  approval_timeout: 'governance',
  budget_exceeded: 'governance',
  unknown: 'unknown',
} as const satisfies Record<string, FailureClass>

export const FAILURE_CLASSES = ['provider', 'model', 'tooling', 'workflow', 'governance', 'unknown'] as const
export type FailureClass = (typeof FAILURE_CLASSES)[number]

/** The class of a taxonomy name; anything else is `unknown`. */
export function classOf(errorType: string): FailureClass {
  return Object.hasOwn(FAILURES, errorType) ? FAILURES[errorType as keyof typeof FAILURES] : 'unknown'
}
