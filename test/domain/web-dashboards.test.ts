import { describe, expect, it } from 'vitest'
import { found, isSame, moved, resized, without } from '../../web/src/lib/features/dashboards/layout.ts'
import { catalogue, panelsOf, PANEL_GROUPS } from '../../web/src/lib/features/views/catalogue.ts'
import { VIEW_IDS } from '../../web/src/lib/features/views/ids.ts'
import { hrefOf, ownerWords, type SavedView } from '../../web/src/lib/saved-views.ts'
import { DashboardPanel, VIEW_PATHS } from '../../workers/contract/dashboard.ts'

const panel = (id: string, span: DashboardPanel['span'] = 6) => ({ id, span })
const abc = [panel('a.a'), panel('a.b'), panel('a.c')]
const ids = (panels: readonly { id: string }[]) => panels.map(({ id }) => id.slice(2)).join('')

describe('the panels of a dashboard', () => {
  it.each([
    [0, 2, 'bca'],
    [2, 0, 'cab'],
    [1, 0, 'bac'],
    [1, 2, 'acb'],
    [1, 1, 'abc'],
    [0, -1, 'abc'],
    [2, 3, 'abc'],
    [-1, 0, 'abc'],
    [7, 0, 'abc'],
  ])('are moved from %d to %d', (from, to, wanted) => {
    expect(ids(moved(abc, from, to))).toBe(wanted)
    expect(ids(abc)).toBe('abc')
  })

  it('are removed and given a width', () => {
    expect(ids(without(abc, 'a.b'))).toBe('ac')
    expect(ids(without(abc, 'a.x'))).toBe('abc')
    expect(resized(abc, 'a.c', 12).map(({ span }) => span)).toEqual([6, 6, 12])
  })

  it.each([
    [abc, [...abc], true],
    [abc, moved(abc, 0, 1), false],
    [abc, resized(abc, 'a.a', 3), false],
    [abc, without(abc, 'a.c'), false],
    [[], [], true],
  ])('are the same or not', (a, b, same) => {
    expect([isSame(a, b), isSame(b, a)]).toEqual([same, same])
  })
})

describe('the catalogue of panels', () => {
  const all = PANEL_GROUPS.flatMap(({ panels }) => panels)

  it('names each panel once, by an id that a dashboard can hold', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const { id, span } of all) expect(DashboardPanel.safeParse({ id, span }).error, id).toBeUndefined()
  })

  it('holds only views that can be saved', () => {
    expect(VIEW_PATHS).toEqual(expect.arrayContaining([...VIEW_IDS]))
  })

  it('finds panels in their order, with their widths, and says which are gone', () => {
    const [first, second] = all
    if (first === undefined || second === undefined) throw new Error('too few panels')
    const { panels, missing } = panelsOf([panel(second.id, 3), panel('operations.gone'), panel(first.id, 12)])
    expect(panels.map(({ id, span }) => [id, span])).toEqual([
      [second.id, 3],
      [first.id, 12],
    ])
    expect(missing).toEqual(['operations.gone'])
  })

  it('is searched by all words, in titles, views, units and meanings', () => {
    const groups = [
      {
        title: 'Operations',
        panels: [
          { id: 'a.a', title: 'Latency of models', unit: 'ms', definition: 'p99', span: 6 as const },
          { id: 'a.b', title: 'Errors', unit: 'requests', definition: 'by class', span: 6 as const },
        ],
      },
      {
        title: 'Finance',
        panels: [{ id: 'b.a', title: 'Spend', unit: 'US$', definition: 'of models', span: 6 as const }],
      },
    ]
    const hits = (text: string) => found(groups, text).map(({ title, panels }) => [title, ids(panels)])
    expect(hits('')).toEqual([
      ['Operations', 'ab'],
      ['Finance', 'a'],
    ])
    expect(hits(' MODELS ')).toEqual([
      ['Operations', 'a'],
      ['Finance', 'a'],
    ])
    expect(hits('operations p99')).toEqual([['Operations', 'a']])
    expect(hits('latency spend')).toEqual([])
    expect(catalogue().flatMap(({ panels }) => panels.map((head) => 'load' in head))).not.toContain(true)
  })
})

describe('a saved view', () => {
  const view: SavedView = {
    ...{ id: 'viw_1', name: 'x', shared: true, mine: false, editable: false, owner_name: 'Ann', version: 1 },
    ...{ created_at: '', updated_at: '', kind: 'view', content: { path: 'finance', query: 'range=7d' } },
  }
  it('is a link', () => {
    expect(hrefOf('acme', view)).toBe('/acme/finance?range=7d')
    const content = { panels: [], query: '' }
    expect(hrefOf('acme', { ...view, kind: 'dashboard', content })).toBe('/acme/dashboards/viw_1')
  })

  it.each([
    [{}, 'shared by Ann'],
    [{ owner_name: null }, 'shared'],
    [{ mine: true }, 'yours, shared'],
    [{ mine: true, shared: false }, 'only yours'],
  ])('says whose it is: %j', (more, words) => {
    expect(ownerWords({ ...view, ...more })).toBe(words)
  })
})
