import { describe, expect, it } from 'vitest'
import { TRACE_MARKS as CONTRACT_MARKS, TracesQuery } from '../../workers/contract/trace.ts'
import {
  activeFilters,
  appendPage,
  parseTraceFilters,
  TRACE_FILTERS,
  TRACE_MARKS,
  traceQuery,
  withoutFilter,
} from '../../web/src/lib/features/traces/filter.ts'

const params = (query: string) => new URLSearchParams(query)

describe('trace filters', () => {
  it('reads known names and nothing else', () => {
    expect(parseTraceFilters(params('status=error&agent_id= support &colour=red&q=')).filters).toEqual({
      status: 'error',
      agent_id: 'support',
    })
  })

  it.each([
    ['0.05', '0.05'],
    ['$2', '2'],
    ['.5', '0.5'],
  ])('reads %s as a cost', (text, value) => {
    expect(parseTraceFilters(params(`min_cost_usd=${text}`))).toEqual({
      filters: { min_cost_usd: value },
      problem: null,
    })
  })

  it('reads what happened on the way, and nothing that it does not know', () => {
    expect(parseTraceFilters(params('has=retries')).filters).toEqual({ has: 'retries' })
    expect(parseTraceFilters(params('has=luck')).filters).toEqual({})
    expect(TRACE_MARKS).toEqual(CONTRACT_MARKS)
  })

  it('reads failures, and no class that there is none of', () => {
    const { filters } = parseTraceFilters(params('failure_class=tooling&failure_step=pay&failure_hash=ab'))
    expect(filters).toEqual({ failure_class: 'tooling', failure_step: 'pay', failure_hash: 'ab' })
    expect(parseTraceFilters(params('failure_class=bad+luck')).filters).toEqual({})
  })

  it('has only filters that the contract has', () => {
    const names = TRACE_FILTERS.map(({ name }) => name)
    expect(Object.keys(TracesQuery.shape)).toEqual(expect.arrayContaining(names))
  })

  it('says which cost it cannot read', () => {
    expect(parseTraceFilters(params('min_cost_usd=lots'))).toEqual({
      filters: {},
      problem: '“lots” is not an amount in US dollars.',
    })
  })

  it('asks for what the contract takes', () => {
    const query = traceQuery({ status: 'error', min_cost_usd: '0.01' }, { from_ms: 0, to_ms: 1000 }, 'abc')
    expect(TracesQuery.parse(query)).toMatchObject({
      status: 'error',
      min_cost_usd: '0.01',
      from: '1970-01-01T00:00:00.000Z',
      limit: 50,
      cursor: 'abc',
    })
  })

  it('clears one or all, with the cursor, and keeps project and range', () => {
    const set = params('project=p&range=7d&status=error&model=m&cursor=c')
    expect(withoutFilter(set, 'status').toString()).toBe('project=p&range=7d&model=m')
    expect(withoutFilter(set).toString()).toBe('project=p&range=7d')
    expect(activeFilters(parseTraceFilters(set).filters).map((filter) => filter.label)).toEqual(['Status', 'Model'])
  })

  it('appends pages without showing a trace twice', () => {
    expect(appendPage([{ trace_id: 'a' }, { trace_id: 'b' }], [{ trace_id: 'b' }, { trace_id: 'c' }])).toEqual([
      { trace_id: 'a' },
      { trace_id: 'b' },
      { trace_id: 'c' },
    ])
  })
})
