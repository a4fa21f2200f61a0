import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../workers/contract/trace.ts'
import { attributesOf, contentOf, placeOf } from '../../web/src/lib/features/trace/facts.ts'
import { buildSpanTree, visibleRows } from '../../web/src/lib/features/trace/span-tree.ts'
import { ancestorsOf, treeMove } from '../../web/src/lib/features/trace/tree-keys.ts'

const event = (span: string, atMs: number, rest: Record<string, unknown> = {}): TraceEvent => ({
  event_type: 'agent.step.completed',
  timestamp: new Date(1e12 + atMs).toISOString(),
  trace_id: 't',
  span_id: span,
  ...rest,
})
const tree = buildSpanTree([
  event('root', 0),
  event('a', 1, { parent_span_id: 'root' }),
  event('a1', 2, { parent_span_id: 'a' }),
  event('b', 3, { parent_span_id: 'root' }),
])

describe('keys in the tree', () => {
  const press = (key: string, selected: string | null, collapsed: string[] = []) =>
    treeMove(key, visibleRows(tree, new Set(collapsed)), tree, selected, new Set(collapsed))

  it.each([
    ['ArrowDown', null, [], { select: 'root' }],
    ['End', null, [], { select: 'b' }],
    ['ArrowDown', 'root', [], { select: 'a' }],
    ['ArrowDown', 'a', ['a'], { select: 'b' }],
    ['ArrowUp', 'b', [], { select: 'a1' }],
    ['ArrowDown', 'b', [], null],
    ['Home', 'b', [], { select: 'root' }],
    ['PageDown', 'root', [], { select: 'b' }],
    ['ArrowRight', 'a', ['a'], { expand: 'a' }],
    ['ArrowRight', 'a', [], { select: 'a1' }],
    ['ArrowRight', 'a1', [], null],
    ['ArrowLeft', 'a', [], { collapse: 'a' }],
    ['ArrowLeft', 'a1', [], { select: 'a' }],
    ['ArrowLeft', 'root', ['root'], null],
    ['x', 'a', [], null],
  ])('%s on %s with %j closed', (key, selected, collapsed, expected) => {
    expect(press(key, selected, collapsed)).toEqual(expected)
  })

  it('knows what must be open for a span to be seen', () => {
    expect(ancestorsOf(tree, 'a1')).toEqual(['a', 'root'])
    expect(ancestorsOf(tree, 'nowhere')).toEqual([])
  })
})

describe('facts of a span', () => {
  const span = buildSpanTree([
    event('s', 0, { agent_id: 'support', attributes: { 'http.route': '/x', n: 1 }, input: { q: 'hello' } }),
    event('s', 5, { event_type: 'agent.tool.called', attributes: { n: 2, list: [1] }, output: 'done', status: 'ok' }),
  ]).byId.get('s')?.span

  it('lists fields and attributes once, the last value', () => {
    expect(span && attributesOf(span)).toEqual([
      { name: 'agent_id', value: 'support' },
      { name: 'http.route', value: '/x' },
      { name: 'list', value: '[1]' },
      { name: 'n', value: '2' },
    ])
  })

  it('shows content that the project keeps', () => {
    expect(span && contentOf(span)).toEqual([
      { name: 'input', value: '{\n  "q": "hello"\n}' },
      { name: 'output', value: 'done' },
    ])
  })
})

it.each([
  [
    { start_ms: 25, end_ms: 50 },
    { left_percent: 25, width_percent: 25 },
  ],
  [
    { start_ms: 60, end_ms: null },
    { left_percent: 60, width_percent: 40 },
  ],
  [
    { start_ms: 100, end_ms: 100 },
    { left_percent: 100, width_percent: 0 },
  ],
])('a bar of %j stands at %j', (span, place) => {
  expect(placeOf(span, { start_ms: 0, end_ms: 100 })).toEqual(place)
})
