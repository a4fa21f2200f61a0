import { describe, expect, it } from 'vitest'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { foldTrace, type TraceFold } from '../../workers/domain/trace-fold.ts'

const T = 1_795_000_000_000
function event(fields: Partial<CanonicalEvent>): CanonicalEvent {
  return { event_type: 'agent.step.completed', timestamp: T, trace_id: 't', span_id: 's', ...fields }
}
function fold(...events: CanonicalEvent[]): TraceFold {
  const folds = new Map<string, TraceFold>()
  for (const e of events) foldTrace(folds, e, 'b1')
  const found = folds.get('t')
  if (!found) throw new Error('no fold')
  return found
}
const root = (fields: Partial<CanonicalEvent> = {}) =>
  event({ event_type: 'agent.request.completed', timestamp: T + 100, span_id: 'root', status: 'ok', ...fields })

describe('foldTrace', () => {
  it('is running until the root ends', () => {
    expect(fold(event({ status: 'ok', model: 'm' }))).toMatchObject({ complete: 0, status: 'running', llm_calls: 1 })
  })

  it('is an error once anything failed, until the root says otherwise', () => {
    const failed = event({ event_type: 'agent.tool.failed', status: 'error', error_type: 'tool_timeout' })
    expect(fold(failed)).toMatchObject({ status: 'error', error_type: 'tool_timeout', errors: 1, tool_calls: 1 })
    expect(fold(failed, root())).toMatchObject({ complete: 1, status: 'ok', error_type: '', errors: 1 })
    expect(fold(root(), failed)).toMatchObject({ complete: 1, status: 'ok', errors: 1 })
  })

  it('takes the root failure as the trace failure', () => {
    expect(fold(root({ status: 'error', error_type: 'timeout' }))).toMatchObject({
      status: 'error',
      error_type: 'timeout',
      errors: 1,
    })
  })

  it('does not take a nested request for the root', () => {
    expect(fold(root({ parent_span_id: 'p' }))).toMatchObject({ complete: 0, status: 'running' })
  })

  it('spans from the earliest start to the latest end', () => {
    const late = event({ timestamp: T + 50, latency_ms: 200.4 })
    expect(fold(late, root())).toMatchObject({ started_ms: Math.floor(T + 50 - 200.4), ended_ms: T + 100 })
  })

  it('prefers what the root says and fills gaps from the others', () => {
    const step = event({ agent_id: 'helper', workflow_id: 'w1', user_id: 'u' })
    expect(fold(step, root({ agent_id: 'main' }))).toMatchObject({ agent_id: 'main', workflow_id: 'w1', user_id: 'u' })
    expect(fold(root({ agent_id: 'main' }), step)).toMatchObject({ agent_id: 'main', user_id: 'u' })
  })

  it('counts retries and fallbacks and lists models and providers', () => {
    const folded = fold(
      event({ model: 'b', provider: 'x' }),
      event({ model: 'a', provider: 'x' }),
      event({ event_type: 'agent.retry' }),
      event({ event_type: 'agent.fallback.triggered' }),
    )
    expect(folded).toMatchObject({ retries: 1, fallbacks: 1, llm_calls: 2 })
    expect([...folded.models].sort()).toEqual(['a', 'b'])
    expect([...folded.providers]).toEqual(['x'])
  })
})

describe('an outcome that is revised', () => {
  const revised = (outcome: 'success' | 'failure', at: number) =>
    event({ event_type: 'agent.outcome.revised', timestamp: T + at, span_id: 'outcome', outcome })
  const orders = <E>(list: readonly E[]): E[][] =>
    list.length < 2 ? [[...list]] : list.flatMap((one, i) => orders(list.toSpliced(i, 1)).map((rest) => [one, ...rest]))

  it.each([
    ['one after what the run told', [root({ outcome: 'success' }), revised('failure', 500)], 'failure', 500],
    [
      'one that says it happened before the run ended',
      [root({ outcome: 'success' }), revised('failure', -50)],
      'failure',
      -50,
    ],
    ['the later of two', [root(), revised('failure', 500), revised('success', 900)], 'success', 900],
    ['failure of two of the same moment', [root(), revised('failure', 7), revised('success', 7)], 'failure', 7],
    ['the same twice', [root({ outcome: 'failure' }), revised('success', 5), revised('success', 5)], 'success', 5],
  ])('%s counts, in every order', (_, events, outcome, at) => {
    for (const order of orders(events))
      expect(fold(...order)).toMatchObject({ outcome, outcome_revised_ms: T + at, complete: 1, status: 'ok' })
  })

  it('changes nothing else of the run', () => {
    const run = [event({ status: 'ok', model: 'm', latency_ms: 20 }), root({ outcome: 'success' })]
    const { outcome: _, outcome_revised_ms, said_ms, events, ...rest } = fold(...run, revised('failure', 86_400_000))
    expect(fold(...run)).toMatchObject({ ...rest })
    const at = T + 86_400_000
    expect({ outcome_revised_ms, said_ms, events }).toEqual({ outcome_revised_ms: at, said_ms: at, events: 3 })
    expect(fold(...run).outcome_revised_ms).toBe(0)
  })

  it('of a run of which nothing else came is no start and no end', () => {
    expect(fold(revised('failure', 3))).toMatchObject({
      ended_ms: 0,
      complete: 0,
      status: 'running',
      outcome: 'failure',
    })
  })
})
