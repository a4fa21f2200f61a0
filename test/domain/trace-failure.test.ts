import { describe, expect, it } from 'vitest'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { failureOf, failuresColumn, TRACE_FAILURES_MAX } from '../../workers/domain/trace-failure.ts'

const failed = (fields: Partial<CanonicalEvent>): CanonicalEvent => ({
  event_type: 'agent.step.completed',
  timestamp: 1_795_000_000_000,
  trace_id: 't',
  span_id: 's',
  status: 'error',
  error_type: 'timeout',
  ...fields,
})
const tool = { event_type: 'agent.tool.failed', tool_name: 'pay', step: 'act' } as const

describe('what failed by an event', () => {
  it.each([
    ['a step', { step: 'plan', tool_name: 'pay' }, ['timeout', '', 'plan', '', '']],
    ['a model call', { step: 'plan', model: 'm' }, ['timeout', '', 'plan', '', 'm']],
    ['a tool call', { ...tool, model: 'm', error_message_hash: 'h' }, ['timeout', 'h', 'act', 'pay', '']],
    ['what was blocked', { status: 'blocked', error_type: undefined }, ['unknown', '', '', '', '']],
    [
      'a request, which has no step',
      { event_type: 'agent.request.completed', step: 'plan', tool_name: 'pay' },
      ['timeout', '', '', '', ''],
    ],
  ] as [string, Partial<CanonicalEvent>, string[]][])('%s', (_, fields, tuple) => {
    expect(JSON.parse(failureOf(failed(fields)) ?? 'null')).toEqual(tuple)
  })

  it.each([
    ['what went well', { status: 'ok' }],
    ['what was cancelled', { status: 'cancelled' }],
    ['what says nothing of how it ended', { status: undefined }],
    ['a mark of something else', { event_type: 'agent.retry' }],
    ['a decision', { event_type: 'agent.policy.decision', status: 'blocked' }],
  ] as [string, Partial<CanonicalEvent>][])('is nothing of %s', (_, fields) => {
    expect(failureOf(failed(fields))).toBeNull()
  })

  it('is ASCII, and says any name', () => {
    const text = failureOf(failed({ step: 'prüfen 🙂 "x"\n' })) ?? ''
    expect(text).toMatch(/^[ -~]+$/)
    expect((JSON.parse(text) as string[])[2]).toBe('prüfen 🙂 "x"\n')
  })

  it('is kept in order, and no more than some', () => {
    const many = Array.from(
      { length: TRACE_FAILURES_MAX + 5 },
      (_, i) => failureOf(failed({ step: `s${100 + i}` })) ?? '',
    )
    const column = JSON.parse(failuresColumn(new Set(many.toReversed()))) as string[][]
    expect(column.map(([, , step]) => step)).toEqual(
      Array.from({ length: TRACE_FAILURES_MAX }, (_, i) => `s${100 + i}`),
    )
    expect(failuresColumn(new Set())).toBe('[]')
  })
})
