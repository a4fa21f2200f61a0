import { describe, expect, it } from 'vitest'
import { SavedViewCreate, SavedViewUpdate } from '../../workers/contract/dashboard.ts'
import type { Role } from '../../workers/contract/api.ts'
import {
  changedView,
  isSeen,
  mayChange,
  paramsOf,
  queryOf,
  readPage,
  readPanels,
  type SavedRow,
} from '../../workers/domain/saved-view.ts'
import { eraserOf } from '../../workers/domain/erase.ts'

const row: SavedRow = {
  ...{ id: 'viw_1', kind: 'dashboard', name: 'Mine', ownerId: 'ann', shared: false, page: null },
  ...{
    panels: [{ id: 'operations.rate', span: 6 }],
    params: [['range', '7d']],
    createdMs: 1,
    updatedMs: 1,
    version: 1,
  },
}
const viewer = (personId: string | null, role: Role | null = 'developer', isOfProject = false) => ({
  personId,
  role,
  isOfProject,
})

describe('parameters of a saved view', () => {
  it.each([
    ['?range=7d&user_id=a%40b.example', 'range=7d&user_id=a%40b.example'],
    ['user_id=a@b.example&range=7d', 'user_id=a%40b.example&range=7d'],
    ['model=a+b&model=a%2Bb', 'model=a+b&model=a%2Bb'],
    ['cursor=abc&compare=none&=x', 'compare=none'],
    ['', ''],
    ['%E0%A4%A&x=%', '%EF%BF%BD%25A=&x=%25'],
  ])('%s are kept as %s', (given, kept) => {
    expect(queryOf(paramsOf(given))).toBe(kept)
    expect(paramsOf(queryOf(paramsOf(given)))).toEqual(paramsOf(given))
  })

  it.each(['ann@example.com', 'u1', 'Zoë "the" boss', 'a&b=c', '50% + 1', 'back\\slash'])(
    'let an erasure find %s, however a URL writes it',
    (person) => {
      const kept = JSON.stringify(paramsOf(`range=7d&user_id=${encodeURIComponent(person)}`))
      const eraser = eraserOf(person, 'erased_1')
      expect(eraser.needles.some((needle) => kept.includes(needle))).toBe(true)
      expect(JSON.parse(eraser.text(kept, 'params'))).toEqual([
        ['range', '7d'],
        ['user_id', 'erased'],
      ])
    },
  )
})

describe('who sees and changes a saved view', () => {
  const shared = { ...row, shared: true }
  const orphan = { ...shared, ownerId: null }
  it.each<[string, SavedRow, ReturnType<typeof viewer>, boolean, boolean]>([
    ['its owner', row, viewer('ann'), true, true],
    ['another', row, viewer('bob'), false, false],
    ['an admin', row, viewer('bob', 'admin'), false, false],
    ['an owner of the organization', row, viewer('bob', 'owner'), false, false],
    ['a key', row, viewer(null, 'admin'), false, false],
    ['its owner, shared', shared, viewer('ann', 'auditor'), true, true],
    ['another, shared', shared, viewer('bob'), true, false],
    ['an admin, shared', shared, viewer('bob', 'admin'), true, true],
    ['an owner of the organization, shared', shared, viewer('bob', 'owner'), true, true],
    ['a key, shared', shared, viewer(null, 'admin'), true, false],
    ['a key of one project, shared', shared, viewer(null, null, true), false, false],
    ['a key, of somebody who is gone', orphan, viewer(null, 'admin'), true, false],
    ['another, of somebody who is gone', orphan, viewer('bob'), true, false],
  ])('%s', (_, view, who, sees, changes) => {
    expect([isSeen(view, who), mayChange(view, who)]).toEqual([sees, changes])
  })
})

describe('a change', () => {
  it('keeps what it leaves out', () => {
    expect(changedView(row, { version: 1 })).toEqual(row)
    expect(changedView(row, { version: 1, name: 'New', content: { query: 'range=1h' } })).toEqual({
      ...row,
      name: 'New',
      params: [['range', '1h']],
    })
  })

  it('is refused where it is of the other kind', () => {
    expect(changedView(row, { version: 1, content: { path: 'finance' } })).toMatchObject({ pointer: '/content/path' })
    const view: SavedRow = { ...row, kind: 'view', page: 'finance', panels: null }
    expect(changedView(view, { version: 1, content: { panels: [{ id: 'a.b', span: 3 }] } })).toMatchObject({
      pointer: '/content/panels',
    })
  })
})

describe('what was kept', () => {
  it('is read after an erasure that took a word of it', () => {
    expect([readPage('erased'), readPage('finance'), readPage(null)]).toEqual(['overview', 'finance', null])
    expect(
      readPanels([
        ['operations.rate', 6],
        ['erased_1f-2.rate', 6],
        ['erased', 6],
        ['operations.head', 5],
      ]),
    ).toEqual([{ id: 'operations.rate', span: 6 }])
  })
})

describe('the body', () => {
  const dashboard = (panels: unknown[]) => ({ kind: 'dashboard', name: 'x', content: { panels, query: '' } })
  const panel = (id: string, span: unknown = 6) => ({ id, span })
  const pointers = (body: unknown) =>
    SavedViewCreate.safeParse(body).error?.issues.map(({ path }) => `/${path.map(String).join('/')}`) ?? []

  it.each<[string, unknown, string[]]>([
    ['one panel', dashboard([panel('operations.rate')]), []],
    ['a panel with a dash', dashboard([panel('finance.spend-by')]), []],
    ['no panel', dashboard([]), ['/content/panels']],
    ['a panel twice', dashboard([panel('a.b'), panel('a.c'), panel('a.b')]), ['/content/panels/2/id']],
    ['41 panels', dashboard(Array.from({ length: 41 }, (_, i) => panel(`a.b${i}`))), ['/content/panels']],
    ['a panel that is none', dashboard([panel('../x')]), ['/content/panels/0/id']],
    ['an odd width', dashboard([panel('a.b', 5)]), ['/content/panels/0/span']],
    ['a page that is none', { kind: 'view', name: 'x', content: { path: 'settings', query: '' } }, ['/content/path']],
    [
      'a long query',
      { kind: 'view', name: 'x', content: { path: 'finance', query: 'x'.repeat(2001) } },
      ['/content/query'],
    ],
    ['no name', { kind: 'view', name: '  ', content: { path: 'finance', query: '' } }, ['/name']],
    ['another kind', { kind: 'report', name: 'x' }, ['/kind']],
  ])('%s', (_, body, wanted) => {
    expect(pointers(body)).toEqual(wanted)
  })

  it('of a change names its version', () => {
    expect(SavedViewUpdate.safeParse({ name: 'x' }).success).toBe(false)
    expect(SavedViewUpdate.safeParse({ name: 'x', version: 1 }).success).toBe(true)
  })
})
