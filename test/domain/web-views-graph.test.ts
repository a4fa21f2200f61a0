import { describe, expect, it } from 'vitest'
import { answerOf, scopeFor as scopeAt } from '../support/view-scope.ts'
import type { MetricsRow } from '../../workers/contract/metrics.ts'
import { graphTable, laidOut } from '../../web/src/lib/features/views/graph-layout.ts'
import { cascadeRows, edgesOf } from '../../web/src/lib/features/views/operations/graph.ts'

const NOW = Date.UTC(2026, 10, 20, 14, 30)
const scopeFor = (query: string, zone = 'UTC') => scopeAt(query, NOW, zone)
const answer = (...rows: MetricsRow[]) => answerOf(rows)
const iso = (ms: number) => new Date(ms).toISOString()

describe('dependencies', () => {
  const scope = scopeFor('range=24h')
  const target = { kind: 'tool', dimension: 'tool_name', word: 'tool' } as const
  const model = { kind: 'llm', dimension: 'model', word: 'model' } as const
  const calls = [
    {
      target: model,
      answer: answer(
        { agent_id: 'desk', model: 'm', count: 100, errors: 1 },
        { agent_id: 'desk', model: 'pay', count: 1, errors: 0 },
      ),
    },
    { target, answer: answer({ agent_id: 'desk', tool_name: 'pay', count: 25, errors: 5 }) },
  ]

  it('are lines from callers to what they call, where most failed first, with the retries that name both', () => {
    const edges = edgesOf(calls, answer({ agent_id: 'desk', model: 'm', count: 7 }), 'agent_id', scope)
    expect(edges.map(({ from, to, kind, failed, retries }) => [from, to, kind, failed, retries])).toEqual([
      ['desk', 'pay', 'tool', 5, null],
      ['desk', 'm', 'model', 1, 7],
      ['desk', 'pay', 'model', 0, 0],
    ])
    expect(edges[1]?.href).toBe('/acme/traces?range=24h&project=first&agent_id=desk&failure_model=m')
  })

  it('are laid out without a line that ends nowhere; a model and a tool of one name are two', () => {
    const edges = edgesOf(calls, null, 'agent_id', scope)
    const { nodes, edges: lines, height } = laidOut(edges)
    expect(nodes.map(({ key, calls: n, failed }) => [key, n, failed])).toEqual([
      ['0 desk', 126, 6],
      ['1 tool pay', 25, 5],
      ['1 model m', 100, 1],
      ['1 model pay', 1, 0],
    ])
    expect(lines.map(({ thick }) => thick)).toEqual([1.5, 14, 7])
    for (const { from, to } of lines) {
      expect(from).toBe(height / 2)
      expect(to).toBeGreaterThan(0)
      expect(to).toBeLessThan(height)
    }
    const table = graphTable({ type: 'graph', layers: ['Agent', 'Model or tool'], edges })
    expect(table.rows[0]?.cells).toMatchObject({ from: 'desk', to: 'pay', rate: 0.2 })
    expect(laidOut([])).toMatchObject({ nodes: [], edges: [] })
  })

  it('tell in which order failures spread, and when they were worst', () => {
    const at = (hour: number) => iso(Date.UTC(2026, 10, 20, hour))
    const rows = cascadeRows(
      [
        { target: model, answer: answer({ time: at(10), agent_id: 'desk', step: 'plan', model: 'm', count: 1 }) },
        {
          target,
          answer: answer(
            { time: at(8), agent_id: 'desk', step: 'pay', tool_name: 'pay', count: 2 },
            { time: at(9), agent_id: 'desk', step: 'pay', tool_name: 'pay', count: 3 },
          ),
        },
      ],
      [{ target, answer: answer({ agent_id: 'desk', step: 'pay', tool_name: 'pay', count: 25 }) }],
      scope,
    )
    expect(rows.map(({ cells }) => cells)).toEqual([
      {
        agent: 'desk',
        step: 'pay',
        target: 'pay',
        failed: 5,
        calls: 25,
        rate: 0.2,
        first: Date.parse(at(8)),
        worst: Date.parse(at(9)),
        peak: 3,
        last: Date.parse(at(9)),
      },
      expect.objectContaining({ step: 'plan', failed: 1, first: Date.parse(at(10)) }),
    ])
    expect(rows[0]?.href).toContain('from=2026-11-20T09%3A00%3A00.000Z&to=2026-11-20T10%3A00%3A00.000Z')
  })
})
