import { describe, expect, it } from 'vitest'
import { TRACE_SORTS as CONTRACT_SORTS, TracesQuery } from '../../workers/contract/trace.ts'
import { parseTraceSort, TRACE_SORTS, traceQuery, withTraceSort } from '../../web/src/lib/features/traces/filter.ts'
import {
  ariaSort,
  byNumber,
  byText,
  columnsShown,
  nextSort,
  sortIn,
  sortRows,
  type TableColumn,
} from '../../web/src/lib/ui/table/table.ts'
import { CHUNK, chunksOf, DRAWN_AT_FIRST } from '../../web/src/lib/ui/table/chunks.ts'

interface Row {
  name: string
  cost: bigint | null
}
const rows: Row[] = [
  { name: 'v10', cost: 9_007_199_254_740_993n },
  { name: 'v2', cost: null },
  { name: 'V1', cost: 9_007_199_254_740_992n },
  { name: 'v2', cost: 5n },
]
const columns: TableColumn<Row>[] = [
  { key: 'name', label: 'Name', compare: byText(({ name }) => name) },
  { key: 'cost', label: 'Cost', numeric: true, compare: byNumber(({ cost }) => cost) },
  { key: 'note', label: 'Note', hidden: true },
]

describe('a table in order', () => {
  it.each([
    ['name', false, ['V1', 'v2 null', 'v2 5', 'v10']],
    ['name', true, ['v10', 'v2 null', 'v2 5', 'V1']],
    ['cost', true, ['v10', 'V1', 'v2 5', 'v2 null']],
    ['cost', false, ['v2 null', 'v2 5', 'V1', 'v10']],
    ['note', true, ['v10', 'v2 null', 'V1', 'v2 5']],
  ])('by %s, down: %s; equal rows stay as they came', (key, down, wanted) => {
    const said = sortRows(rows, columns, { key, down }).map(({ name, cost }) => (name === 'v2' ? `v2 ${cost}` : name))
    expect(said).toEqual(wanted)
  })

  it('begins with the greatest number, the newest moment and the first word, and then turns', () => {
    expect(nextSort(null, { key: 'cost', numeric: true })).toEqual({ key: 'cost', down: true })
    expect(nextSort(null, { key: 'at', newestFirst: true })).toEqual({ key: 'at', down: true })
    expect(nextSort({ key: 'cost', down: true }, { key: 'name' })).toEqual({ key: 'name', down: false })
    expect(nextSort({ key: 'cost', down: true }, { key: 'cost', numeric: true })).toEqual({ key: 'cost', down: false })
    expect(ariaSort({ key: 'cost', down: false }, 'cost')).toBe('ascending')
    expect(ariaSort({ key: 'cost', down: false }, 'name')).toBeUndefined()
  })

  it.each([
    ['sort=cost', { key: 'cost', down: true }],
    ['sort=name&cursor=3', { key: 'name', down: false }],
    ['sort=luck', null],
    ['', null],
  ])('as the address %s says', (query, sort) => {
    expect(sortIn(new URLSearchParams(query), columns)).toEqual(sort)
  })

  it('shows what was chosen in the order of the table, and always what heads rows', () => {
    const keys = (chosen: string[] | null, head = 'name') => columnsShown(columns, chosen, head).map(({ key }) => key)
    expect(keys(null)).toEqual(['name', 'cost'])
    expect(keys(['note', 'gone', 'cost'])).toEqual(['name', 'cost', 'note'])
    expect(keys([], 'cost')).toEqual(['cost'])
  })
})

describe('a long table', () => {
  it.each([0, 1, DRAWN_AT_FIRST])('is one piece of %d rows', (n) => {
    const list = Array.from({ length: n }, (_, i) => i)
    expect(chunksOf(list)).toEqual([{ at: 0, rows: list }])
  })

  it('is cut in pieces that hold each row once', () => {
    const list = Array.from({ length: DRAWN_AT_FIRST + 3 }, (_, i) => i)
    const chunks = chunksOf(list)
    expect(chunks.flatMap((chunk) => chunk.rows)).toEqual(list)
    for (const { at, rows: own } of chunks) expect(own[0]).toBe(at)
    expect(Math.max(...chunks.map((chunk) => chunk.rows.length))).toBe(CHUNK)
  })
})

describe('the list of traces in order', () => {
  const params = (query: string) => new URLSearchParams(query)

  it('knows the orders that the contract has', () => {
    expect(TRACE_SORTS).toEqual(CONTRACT_SORTS)
  })

  it.each([
    ['', { key: 'started_at', down: true }],
    ['sort=cost_usd', { key: 'cost_usd', down: true }],
    ['sort=cost_usd&order=asc', { key: 'cost_usd', down: false }],
    ['sort=luck&order=asc', { key: 'started_at', down: true }],
  ])('reads %s', (query, sort) => {
    expect(parseTraceSort(params(query))).toEqual(sort)
    const asked = traceQuery({}, { from_ms: 0, to_ms: 1000 }, null, parseTraceSort(params(query)))
    expect(TracesQuery.parse(asked)).toMatchObject({ sort: sort.key, order: sort.down ? 'desc' : 'asc' })
  })

  it('is kept in the URL, without the cursor of another order', () => {
    const set = params('project=p&status=error&cursor=c&sort=tokens&order=asc')
    const sorted = (key: string, down: boolean) => withTraceSort(set, { key, down })?.toString()
    expect(sorted('cost_usd', true)).toBe('project=p&status=error&sort=cost_usd')
    expect(sorted('cost_usd', false)).toBe('project=p&status=error&sort=cost_usd&order=asc')
    expect(sorted('started_at', false)).toBe('project=p&status=error&sort=started_at&order=asc')
    expect(sorted('started_at', true)).toBe('project=p&status=error')
    expect(sorted('models', true)).toBeUndefined()
  })
})
