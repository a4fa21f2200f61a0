import { describe, expect, it } from 'vitest'
import type { Incident } from '../../workers/contract/alert.ts'
import type { AuditItem } from '../../workers/contract/audit.ts'
import { ApiError, type Api } from '../../web/src/lib/api.ts'
import { annotationGroups, annotationsIn, type Annotation } from '../../web/src/lib/ui/chart/annotations.ts'
import {
  budgetAnnotations,
  givenAnnotations,
  incidentAnnotations,
  loadAnnotations,
  releaseAnnotations,
} from '../../web/src/lib/features/views/annotations.ts'
import { answerOf, scopeFor } from '../support/view-scope.ts'

const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const HOUR_MS = 3_600_000
const hour = (at: number) => Date.UTC(2026, 10, 20, at)
const iso = (ms: number) => new Date(ms).toISOString()
const scope = scopeFor('range=24h', NOW)
const version = (workflow_id: string, workflow_version: string, at?: number, count = 1) => ({
  workflow_id,
  workflow_version,
  count,
  ...(at !== undefined && { time: iso(hour(at)) }),
})

describe('releases', () => {
  const found = (now: ReturnType<typeof version>[], before: ReturnType<typeof version>[] = []) =>
    releaseAnnotations(answerOf(now), answerOf(before), scope).map(({ at_ms, label }) => [label, at_ms])

  it.each([
    [
      'a version of a workflow that had another',
      [version('w', 'v2', 9)],
      [version('w', 'v1')],
      [['w v2 first seen', 9]],
    ],
    [
      'one after another within the range',
      [version('w', 'v1', 8), version('w', 'v2', 9)],
      [],
      [['w v2 first seen', 9]],
    ],
    [
      'the first interval only',
      [version('w', 'v2', 11), version('w', 'v2', 9)],
      [version('w', 'v1')],
      [['w v2 first seen', 9]],
    ],
    ['nothing of a workflow that begins', [version('w', 'v1', 9)], [version('other', 'v1')], []],
    ['nothing of two that begin together', [version('w', 'v1', 9), version('w', 'v2', 9)], [], []],
    ['nothing of one that comes back', [version('w', 'v1', 9)], [version('w', 'v1'), version('w', 'v2')], []],
    ['nothing of what has no version', [version('w', '', 9)], [version('w', 'v1')], []],
    ['the first that is named', [version('w', 'v1', 9)], [version('w', '')], [['w v1 first seen', 9]]],
    ['nothing where nothing was counted', [version('w', 'v2', 9, 0)], [version('w', 'v1')], []],
  ])('are %s', (_, now, before, expected) => {
    expect(found(now, before)).toEqual(expected.map(([label, at]) => [label, hour(Number(at))]))
  })

  it('lead to the traces of the version', () => {
    const [one] = releaseAnnotations(answerOf([version('w', 'v2', 9)]), answerOf([version('w', 'v1')]), scope)
    expect(one?.href).toBe('/acme/traces?range=24h&project=first&workflow_id=w&workflow_version=v2')
  })
})

describe('incidents', () => {
  const incident = (fields: Partial<Incident>) =>
    ({
      id: 'inc_1',
      rule_name: 'Errors',
      severity: 'critical',
      project_id: null,
      resolved_at: null,
      ...fields,
    }) as Incident

  it('are marked where they were opened and where resolved, within the range', () => {
    const open = iso(hour(9))
    const labels = (one: Partial<Incident>, query = 'range=24h') =>
      incidentAnnotations([incident(one)], scopeFor(query, NOW)).map(({ label, at_ms }) => [label, at_ms])
    expect(labels({ opened_at: open, resolved_at: iso(hour(10)) })).toEqual([
      ['Errors: critical incident opened', hour(9)],
      ['Errors: critical incident resolved', hour(10)],
    ])
    expect(labels({ opened_at: open })).toHaveLength(1)
    expect(labels({ opened_at: iso(NOW - 30 * HOUR_MS), resolved_at: open })).toEqual([
      ['Errors: critical incident resolved', hour(9)],
    ])
    expect(labels({ opened_at: open, project_id: 'prj_2' }, 'range=24h&project=first')).toEqual([])
    expect(labels({ opened_at: open, project_id: 'prj_1' }, 'range=24h&project=first')).toHaveLength(1)
    expect(incidentAnnotations([incident({ opened_at: open })], scope)[0]?.href).toBe('/acme/alerts/incidents/inc_1')
  })
})

describe('budgets', () => {
  const entry = (action: string, before: object | null, after: object | null) =>
    ({
      seq: 7,
      at: iso(hour(9)),
      action,
      target: { type: 'budget', id: 'bud_1', label: 'Team', email: null, erased: false },
      before,
      after,
    }) as unknown as AuditItem

  it.each([
    ['budget.create', null, { limit_usd: '10' }, 'Budget Team made', '/acme/budgets/bud_1'],
    [
      'budget.update',
      { limit_usd: '10' },
      { limit_usd: '20' },
      'Budget Team changed: $10.00 to $20.00',
      '/acme/budgets/bud_1',
    ],
    ['budget.update', { limit_usd: '10' }, { limit_usd: '10' }, 'Budget Team changed', '/acme/budgets/bud_1'],
    ['budget.remove', { limit_usd: '10' }, null, 'Budget Team removed', '/acme/settings/audit?target=bud_1'],
  ])('%s from %o to %o', (action, before, after, label, href) => {
    expect(budgetAnnotations([entry(action, before, after)], scope)).toEqual([
      { key: 'budget 7', kind: 'budget', at_ms: hour(9), label, href },
    ])
  })

  it('are nothing of what only sounds like it', () => {
    expect(budgetAnnotations([entry('budget.plan', null, null)], scope)).toEqual([])
  })
})

describe('a view', () => {
  const problem = (status: number, detail: string) =>
    new ApiError({
      type: '',
      title: '',
      status,
      code: status === 403 ? 'forbidden' : 'invalid_input',
      detail,
      instance: 'r',
    })
  const api = (fails: { audit?: Error; metrics?: Error; incidents?: Error } = {}) => {
    const asked: string[] = []
    const answer = (path: string, error: Error | undefined, data: unknown) => {
      asked.push(path.replace(/\?.*/, ''))
      return error === undefined ? Promise.resolve(data) : Promise.reject(error)
    }
    const given = {
      get: (path: string) =>
        answer(path, path.includes('/audit') ? fails.audit : fails.incidents, { data: [], next_cursor: null }),
      post: (path: string) => answer(path, fails.metrics, answerOf([])),
    } as unknown as Api
    return { asked, given }
  }

  it('asks four times for all of its charts, and not at all where the URL hides them', async () => {
    const { asked, given } = api()
    expect(await loadAnnotations(given, scope)).toEqual({ ok: true, value: { all: [], without: [] } })
    expect(asked.sort()).toHaveLength(4)
    expect(loadAnnotations(given, scopeFor('range=24h&changes=off', NOW))).toBeNull()
    expect(asked).toHaveLength(4)
  })

  it('says what it may not see or cannot tell apart, and keeps the rest', async () => {
    const { given } = api({
      audit: problem(403, 'Not for you.'),
      metrics: problem(400, 'Rows of kind "request" carry no model; they carry agent_id.'),
    })
    const loaded = await loadAnnotations(given, scope)
    expect(loaded?.ok && loaded.value.without).toHaveLength(2)
    // A browser would tell of what it is refused: who may not read the audit log does not ask for it.
    const asked = api({ audit: problem(500, 'Asked for.') })
    const others = await loadAnnotations(asked.given, { ...scope, role: 'developer' })
    expect(others?.ok && others.value.without).toEqual([expect.stringMatching(/audit log/)])
    expect(await loadAnnotations(api({ incidents: problem(500, 'Down.') }).given, scope)).toMatchObject({
      ok: false,
      problem: { detail: 'Down.' },
    })
  })
})

describe('incidents of a busy organization', () => {
  /** So many pages of one incident each, every one resolved in the range. */
  const paged = (pages: number) => {
    const asked: (string | null)[] = []
    const get = (path: string) => {
      if (!path.includes('/incidents')) return Promise.resolve({ data: [], next_cursor: null })
      const cursor = new URL(path, 'http://x').searchParams.get('cursor')
      asked.push(cursor)
      const at = Number(cursor ?? 0)
      const one = { id: `inc_${at}`, rule_name: 'R', severity: 'critical', project_id: null, opened_at: iso(hour(9)) }
      return Promise.resolve({
        data: [{ ...one, resolved_at: null }],
        next_cursor: at + 1 < pages ? String(at + 1) : null,
      })
    }
    return { asked, given: { get, post: () => Promise.resolve(answerOf([])) } as unknown as Api }
  }

  it.each([
    [1, 1, []],
    [3, 3, []],
    [9, 5, ['incidents before the newest 5']],
  ])('of %d pages: %d are read, and what is missing is said', async (pages, read, without) => {
    const { asked, given } = paged(pages)
    const loaded = await loadAnnotations(given, scope)
    expect(asked).toEqual([null, ...Array.from({ length: read - 1 }, (_, at) => String(at + 1))])
    expect(loaded).toMatchObject({ ok: true, value: { without, all: { length: read } } })
  })

  it('are given with a document, and later asked for by the page itself', () => {
    expect(givenAnnotations(paged(1).given, scope, false)).toBeInstanceOf(Promise)
    const { asked, given } = paged(1)
    expect(givenAnnotations(given, scope, true)).toBe('later')
    expect(givenAnnotations(given, scopeFor('range=24h&changes=off', NOW), true)).toBeNull()
    expect(asked).toEqual([])
  })
})

describe('marks on a chart', () => {
  const buckets = [0, 1, 2].map((at) => ({ start_ms: at * 100, end_ms: (at + 1) * 100, partial: false }))
  const one = (key: string, at_ms: number, kind: Annotation['kind'] = 'release'): Annotation => ({
    key,
    kind,
    at_ms,
    label: key,
    href: '/',
  })

  it('stand apart, the near ones together, and none outside', () => {
    const all = [one('late', 300), one('c', 250), one('b', 12, 'incident'), one('a', 4), one('early', -1)]
    const groups = annotationGroups(all, buckets, (ms) => ms, 18)
    expect(groups.map(({ x, kind, members }) => [x, kind, members.map(({ key }) => key)])).toEqual([
      [4, 'several', ['a', 'b']],
      [250, 'release', ['c']],
    ])
    expect(annotationGroups(all, [], (ms) => ms, 18)).toEqual([])
  })

  it('are in the row of their bucket', () => {
    const all = [one('a', 0), one('b', 99), one('c', 100)]
    expect(buckets.map((bucket) => annotationsIn(all, bucket).map(({ key }) => key))).toEqual([['a', 'b'], ['c'], []])
  })
})
