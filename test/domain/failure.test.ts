import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../workers/contract/failure.ts'
import { classOf, errorTypeOf } from '../../workers/domain/failure.ts'

describe('errorTypeOf', () => {
  it.each(Object.keys(FAILURES))('keeps the taxonomy name %s', (name) => expect(errorTypeOf(name)).toBe(name))

  it.each([
    ['429', 'rate_limit'],
    ['HTTP 503', 'dependency_unavailable'],
    ['504', 'timeout'],
    ['401', 'auth_failed'],
    ['402', 'quota_exceeded'],
    ['400', 'validation'],
    ['rate_limit_exceeded', 'rate_limit'],
    ['RateLimitError', 'rate_limit'],
    ['overloaded_error', 'rate_limit'],
    ['insufficient_quota', 'quota_exceeded'],
    ['APIConnectionTimeoutError', 'timeout'],
    ['ETIMEDOUT', 'timeout'],
    ['ToolTimeout', 'tool_timeout'],
    ['AuthenticationError', 'auth_failed'],
    ['invalid_api_key', 'auth_failed'],
    ['APIConnectionError', 'dependency_unavailable'],
    ['ECONNREFUSED', 'dependency_unavailable'],
    ['file_not_found', 'tool_runtime'],
    ['ENOENT', 'tool_runtime'],
    ['ENOTFOUND', 'dependency_unavailable'],
    ['JSONDecodeError', 'invalid_json'],
    ['OutputParserException', 'invalid_json'],
    ['content_filter', 'unsafe_output'],
    ['NoSuchToolError', 'tool_selection_error'],
    ['InvalidToolInputError', 'tool_contract_mismatch'],
    ['MaxTurnsExceededError', 'loop_detected'],
    ['context_length_exceeded', 'missing_context'],
    ['BudgetExceeded', 'budget_exceeded'],
    ['invalid_request_error', 'validation'],
    ['ToolExecutionError', 'tool_runtime'],
    ['GATEWAY_TIMEOUT', 'timeout'],
    ['SomethingElse', 'unknown'],
    ['', 'unknown'],
    ['__proto__', 'unknown'],
  ])('%s → %s', (raw, type) => expect(errorTypeOf(raw)).toBe(type))
})

describe('classOf', () => {
  it('knows a class for every type, and none for anything else', () => {
    for (const [type, name] of Object.entries(FAILURES)) expect(classOf(type)).toBe(name)
    expect(classOf('toString')).toBe('unknown')
  })
})
