import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../workers/contract/trace.ts'
import { withoutDuplicates } from '../../web/src/lib/features/trace/span-events.ts'
import { buildSpanTree, isOpen, visibleRows } from '../../web/src/lib/features/trace/span-tree.ts'
import { addUsd, nanoOf, restUsd, usdOf } from '../../web/src/lib/money.ts'

const BASE_MS = Date.UTC(2026, 5, 1, 12)

function event(type: string, span: string, atMs: number, rest: Record<string, unknown> = {}): TraceEvent {
  return {
    event_type: `agent.${type}`,
    timestamp: new Date(BASE_MS + atMs).toISOString(),
    trace_id: 't',
    span_id: span,
    ...rest,
  }
}

const shape = (events: TraceEvent[]) =>
  buildSpanTree(events).nodes.map((node) => `${'  '.repeat(node.depth)}${node.span.id}:${node.span.kind}`)

describe('a whole trace', () => {
  const events = [
    event('request.started', 'root', 0, { workflow_id: 'refund' }),
    event('step.started', 'plan', 10, { parent_span_id: 'root', step: 'plan' }),
    event('step.completed', 'plan', 510, {
      parent_span_id: 'root',
      step: 'plan',
      model: 'm',
      latency_ms: 500,
      cost_usd: '0.000000003',
      cost_source: 'computed',
      tokens_prompt: 100,
      tokens_cached: 40,
      tokens_completion: 20,
      tokens_reasoning: 5,
    }),
    event('tool.called', 'search', 300, { parent_span_id: 'plan', tool_name: 'web.search', latency_ms: 100 }),
    event('tool.failed', 'pay', 600, {
      parent_span_id: 'root',
      tool_name: 'pay',
      latency_ms: 50,
      error_type: 'tool_timeout',
      error_class: 'tooling',
      error_message_hash: 'ab',
    }),
    event('retry', 'pay', 610, { parent_span_id: 'root', attempt: 1, error_type: 'tool_timeout' }),
    event('request.completed', 'root', 1000, {
      workflow_id: 'refund',
      status: 'ok',
      latency_ms: 1000,
      cost_usd: '0.000000001',
    }),
  ]
  const tree = buildSpanTree(events)

  it('nests spans by parent, ordered by start', () => {
    expect(shape(events)).toEqual(['root:request', '  plan:llm', '    search:tool', '  pay:tool'])
  })

  it('pairs started and completed', () => {
    expect(tree.byId.get('plan')?.span).toMatchObject({
      start_ms: BASE_MS + 10,
      end_ms: BASE_MS + 510,
      duration_ms: 500,
    })
    expect(tree.byId.get('search')?.span).toMatchObject({ start_ms: BASE_MS + 200, end_ms: BASE_MS + 300 })
  })

  it('sums cost and tokens upwards and keeps what is a span’s own', () => {
    expect(tree.byId.get('root')).toMatchObject({
      total_cost_nanousd: 4n,
      total_tokens: 120,
      descendants: 3,
      errors: 1,
    })
    expect(tree.byId.get('root')?.span.cost_nanousd).toBe(1n)
    expect(tree.byId.get('plan')?.span.tokens).toEqual({
      prompt: 100,
      cached: 40,
      cache_write: 0,
      completion: 20,
      reasoning: 5,
    })
  })

  it('keeps errors with class and hash, and marks retries', () => {
    const pay = tree.byId.get('pay')?.span
    expect(pay?.status).toBe('error')
    expect(pay?.error).toMatchObject({ type: 'tool_timeout', class: 'tooling', hash: 'ab' })
    expect(pay?.marks).toEqual([{ kind: 'retry', at_ms: BASE_MS + 610, text: 'Retry 1 after tool_timeout' }])
  })

  it('has the bounds of all spans', () => {
    expect(tree).toMatchObject({ start_ms: BASE_MS, end_ms: BASE_MS + 1000, missing: 0, open: 0, duplicates: 0 })
  })
})

describe('what real traces do', () => {
  it('puts orphans under a stand-in for their missing parent', () => {
    const events = [
      event('request.completed', 'root', 1000, { latency_ms: 1000 }),
      event('step.completed', 'a', 300, { parent_span_id: 'gone', latency_ms: 100 }),
      event('step.completed', 'b', 500, { parent_span_id: 'gone', latency_ms: 100 }),
    ]
    expect(shape(events)).toEqual(['root:request', 'gone:absent', '  a:step', '  b:step'])
    expect(buildSpanTree(events).missing).toBe(1)
  })

  it('shows no span for an outcome that was revised later', () => {
    const run = [event('request.completed', 'root', 1000, { latency_ms: 1000 })]
    const tree = buildSpanTree([...run, event('outcome.revised', 'outcome', 86_400_000, { outcome: 'failure' })])
    expect(tree.nodes.map((node) => node.span.id)).toEqual(['root'])
    expect(tree).toMatchObject({ end_ms: BASE_MS + 1000, duplicates: 0 })
  })

  it('leaves a span without an end open', () => {
    const tree = buildSpanTree([
      event('request.started', 'root', 0),
      event('step.started', 'a', 50, { parent_span_id: 'root' }),
    ])
    expect(tree.open).toBe(2)
    expect(tree.nodes.every(isOpen)).toBe(true)
    expect(tree.byId.get('a')?.span).toMatchObject({ status: 'open', end_ms: null, duration_ms: null })
    expect(tree.end_ms).toBe(BASE_MS + 50)
  })

  it.each([
    ['a span that is its own parent', [event('step.completed', 'a', 10, { parent_span_id: 'a' })], ['a:step']],
    [
      'a loop of two',
      [
        event('step.completed', 'a', 10, { parent_span_id: 'b' }),
        event('step.completed', 'b', 20, { parent_span_id: 'a' }),
      ],
      ['a:step', '  b:step'],
    ],
    [
      'a loop with a tail',
      [
        event('step.completed', 'tail', 30, { parent_span_id: 'b' }),
        event('step.completed', 'a', 10, { parent_span_id: 'b' }),
        event('step.completed', 'b', 20, { parent_span_id: 'a' }),
      ],
      ['a:step', '  b:step', '    tail:step'],
    ],
  ])('cuts %s', (_name, events, expected) => {
    expect(shape(events)).toEqual(expected)
    expect(buildSpanTree(events).roots[0]?.span.cycle).toBe(true)
  })

  it('counts a doubled event once, with and without an event id', () => {
    const once = event('step.completed', 'a', 10, { cost_usd: '1.000000000', tokens_prompt: 5 })
    const named = event('step.completed', 'b', 10, { cost_usd: '1.000000000', event_id: 'e1' })
    const tree = buildSpanTree([once, { ...once }, named, { ...named, timestamp: event('x', 'x', 99).timestamp }])
    expect(tree.duplicates).toBe(2)
    expect(tree.nodes.map((node) => node.span.cost_nanousd)).toEqual([1_000_000_000n, 1_000_000_000n])
  })

  it('keeps two attempts of one span apart', () => {
    const attempts = [1, 2].map((attempt) => event('tool.failed', 'a', 10, { attempt }))
    expect(withoutDuplicates(attempts)).toHaveLength(2)
  })

  it('says by how much a child’s clock is ahead of its parent’s', () => {
    const tree = buildSpanTree([
      event('request.completed', 'root', 1000, { latency_ms: 900 }),
      event('step.completed', 'a', 80, { parent_span_id: 'root', latency_ms: 30 }),
      event('step.completed', 'b', 400, { parent_span_id: 'root', latency_ms: 301 }),
    ])
    expect(tree.byId.get('a')?.span.skew_ms).toBe(50)
    expect(tree.byId.get('b')?.span.skew_ms).toBe(0)
    expect(tree.start_ms).toBe(BASE_MS + 50)
  })

  it('never gives a negative duration when the end lies before the start', () => {
    const tree = buildSpanTree([event('step.started', 'a', 100), event('step.completed', 'a', 60)])
    expect(tree.byId.get('a')?.span.duration_ms).toBeGreaterThanOrEqual(0)
  })

  it('shows a retry with an id of its own as a mark', () => {
    const tree = buildSpanTree([
      event('request.completed', 'root', 100, { latency_ms: 100 }),
      event('fallback.triggered', 'f', 50, {
        parent_span_id: 'root',
        fallback_from: 'big',
        fallback_to: 'small',
        error_type: 'timeout',
      }),
    ])
    expect(tree.byId.get('f')?.span).toMatchObject({
      kind: 'mark',
      marks: [{ kind: 'fallback', text: 'Fallback big → small after timeout' }],
    })
  })

  it('copes with nothing and with times that cannot be read', () => {
    expect(buildSpanTree([])).toMatchObject({ roots: [], start_ms: 0, end_ms: 0 })
    expect(buildSpanTree([{ ...event('step.completed', 'a', 0), timestamp: 'soon' }]).nodes).toEqual([])
  })

  it('reads a chain of 20,000 spans without recursion', () => {
    const events = Array.from({ length: 20_000 }, (_, at) =>
      event(
        'step.completed',
        `s${at}`,
        at,
        at === 0 ? { cost_usd: '0.000000001' } : { parent_span_id: `s${at - 1}`, cost_usd: '0.000000001' },
      ),
    )
    const tree = buildSpanTree(events)
    expect(tree.roots[0]?.total_cost_nanousd).toBe(20_000n)
    expect(tree.nodes.at(-1)?.depth).toBe(19_999)
  })
})

describe('visibleRows', () => {
  it('hides what is below a collapsed node, and nothing else', () => {
    const tree = buildSpanTree([
      event('request.completed', 'root', 100, { latency_ms: 100 }),
      event('step.completed', 'a', 20, { parent_span_id: 'root' }),
      event('tool.called', 'a1', 10, { parent_span_id: 'a' }),
      event('step.completed', 'b', 50, { parent_span_id: 'root' }),
      event('tool.called', 'b1', 45, { parent_span_id: 'b' }),
    ])
    const ids = (collapsed: string[]) => visibleRows(tree, new Set(collapsed)).map((node) => node.span.id)
    expect(ids([])).toHaveLength(5)
    expect(ids(['b'])).not.toContain('b1')
    expect(ids(['b'])).toContain('a1')
    expect(ids(['root', 'a'])).toEqual(['root'])
  })
})

describe('money as text', () => {
  it.each(['0.000000001', '12.345678901', '-3.000000000', '9007199254740993.123456789'])(
    '%s goes there and back',
    (usd) => {
      expect(usdOf(nanoOf(usd))).toBe(usd)
    },
  )

  it('adds and subtracts exactly, and never below nothing', () => {
    expect(addUsd(['0.100000000', '0.200000000', '9007199254740993.000000001'])).toBe('9007199254740993.300000001')
    expect([restUsd('1.000000000', '0.999999999'), restUsd('1.000000000', '2.000000000')]).toEqual([
      '0.000000001',
      '0.000000000',
    ])
  })
})
