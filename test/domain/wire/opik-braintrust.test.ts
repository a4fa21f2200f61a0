import { describe, expect, it } from 'vitest'
import { fromBraintrust } from '../../../workers/domain/wire/braintrust.ts'
import { fromOpik, type OpikItem } from '../../../workers/domain/wire/opik.ts'
import { recording, Replay, tracesOf, type Recorded } from '../../support/wire-recordings.ts'

/**
 * What both drivers did: a loop of three calls with two tools, the second of which fails; after a flush a step more and a
 * score; then a run whose provider is down, and that asks another model.
 */
const WHOLE = { users: ['u1'], sessions: ['session-1'], requests: ['ok'], retries: 0, open: 0, orphans: 0, doubled: 0 }
const LOOP = {
  ...WHOLE,
  calls: 3,
  failed_calls: [],
  fallbacks: [],
  tokens: [1500, 120, 384, 0],
  tools: ['lookup_order ok', 'issue_refund tool_timeout'],
}
const FELL_BACK = {
  ...WHOLE,
  calls: 2,
  failed_calls: ['dependency_unavailable'],
  tokens: [400, 40, 128, 0],
  tools: [],
}

describe('Opik', () => {
  function read({ method, path, body }: Recorded): OpikItem[] {
    const parsed = JSON.parse(body) as { traces?: unknown[]; spans?: unknown[]; scores?: unknown[] }
    const kind = path.includes('/traces') ? 'trace' : 'span'
    if (method === 'PATCH') return [{ kind, isUpdate: true, item: { ...parsed, id: path.split('/').at(-1) } }]
    if (method === 'PUT') return (parsed.scores ?? []).map((item) => ({ kind: 'score', of: kind, item }))
    return (parsed.traces ?? parsed.spans ?? []).map((item) => ({ kind, item }))
  }
  const EXPECTED = [
    { ...LOOP, name: 'order-support', agents: ['order-support'], models: ['gpt-4o-2024-08-06'] },
    {
      ...FELL_BACK,
      name: 'order-support',
      models: ['gpt-4.1', 'gpt-4o-2024-08-06'],
      fallbacks: ['gpt-4.1 > gpt-4o-2024-08-06'],
    },
  ]

  it('is told in batches, with updates and scores after a flush', () => {
    const replay = new Replay('opik')
    for (const request of recording('opik/batches')) replay.send(fromOpik(read(request)))
    expect(replay.refused).toEqual([])
    for (const { attributes } of replay.events) expect(attributes).toMatchObject({ 'agentops.client': 'opik' })
    expect(tracesOf(replay.events)).toMatchObject(EXPECTED)
    const [outcome, ...others] = replay.events.filter(({ scores }) => scores !== undefined)
    expect([outcome, others]).toMatchObject([{ event_type: 'agent.outcome.revised', scores: { helpful: 0.8 } }, []])
  })

  it('counts a batch that is sent again once', () => {
    const replay = new Replay('opik')
    for (const request of recording('opik/batches')) {
      replay.send(fromOpik(read(request)), false)
      replay.send(fromOpik(read(request)))
      replay.send(fromOpik(read(request)))
    }
    expect(tracesOf(replay.events)).toMatchObject(EXPECTED)
  })

  it('says what is wrong with an item, and takes its neighbours', () => {
    const { unreadable, operations } = fromOpik([
      { kind: 'trace', item: {} },
      { kind: 'span', item: { id: 's' } },
      { kind: 'score', item: { id: 't', name: 'x', value: 'high' } },
      { kind: 'span', item: { id: 's', trace_id: 't', start_time: '2026-11-28T22:00:00Z' } },
    ])
    expect(unreadable.map(({ index, pointer }) => [index, pointer])).toEqual([
      [0, '/id'],
      [1, '/trace_id'],
      [2, '/value'],
    ])
    expect(operations).toHaveLength(1)
  })
})

describe('Braintrust', () => {
  const rowsOf = ({ body }: Recorded) => (JSON.parse(body) as { rows: unknown[] }).rows
  const logs = () => recording('braintrust/rows').filter(({ path }) => path === '/logs3')
  const EXPECTED = [
    { ...LOOP, sessions: ['s1'], name: 'order-support', agents: ['order-support'], models: ['gpt-4o'] },
    {
      ...FELL_BACK,
      sessions: ['s1'],
      name: 'order-support',
      models: ['gpt-4.1', 'gpt-4o'],
      fallbacks: ['gpt-4.1 > gpt-4o'],
    },
  ]

  it('is told in rows that are merged', () => {
    const replay = new Replay('braintrust')
    for (const request of logs()) replay.send(fromBraintrust(rowsOf(request)))
    expect(replay.refused).toEqual([])
    expect(tracesOf(replay.events)).toMatchObject(EXPECTED)
    const scored = replay.events.filter(({ scores }) => scores !== undefined)
    expect(scored).toMatchObject([{ event_type: 'agent.outcome.revised', scores: { helpful: 0.8 } }])
  })

  it('counts rows that are sent again once', () => {
    const replay = new Replay('braintrust')
    for (const request of logs()) {
      replay.send(fromBraintrust(rowsOf(request)), false)
      replay.send(fromBraintrust(rowsOf(request)))
      replay.send(fromBraintrust(rowsOf(request)))
    }
    expect(tracesOf(replay.events)).toMatchObject(EXPECTED)
  })

  it('says what is wrong with a row, and takes its neighbours', () => {
    const { unreadable, operations } = fromBraintrust([
      { root_span_id: 'r' },
      { span_id: 's' },
      7,
      { span_id: 's', root_span_id: 'r', metrics: { start: 1795904568.6 } },
      // Said by people later, of a row.
      { id: 'x', _is_merge: true, scores: { helpful: 1 } },
    ])
    expect(unreadable.map(({ index, pointer }) => [index, pointer])).toEqual([
      [0, '/span_id'],
      [1, '/root_span_id'],
      [2, '/span_id'],
    ])
    expect(operations).toHaveLength(1)
  })
})
