import { describe, expect, it } from 'vitest'
import { answerOf, scopeFor } from '../support/view-scope.ts'
import { MetricsQuery, type MetricsRow } from '../../workers/contract/metrics.ts'
import { planMetrics } from '../../workers/domain/metrics-plan.ts'
import type { Api } from '../../web/src/lib/api.ts'
import { Ask } from '../../web/src/lib/features/views/ask.ts'
import {
  POLICY,
  RESULT,
  shapeDecisions,
  shapeViolations,
  trendText,
} from '../../web/src/lib/features/views/governance/decisions.ts'
import { shapeEgressByTool, shapeEgressMap } from '../../web/src/lib/features/views/governance/egress.ts'
import { shapeFigures, type Counts } from '../../web/src/lib/features/views/governance/head.ts'
import { shapePiiTypes, shapePiiWorkflows } from '../../web/src/lib/features/views/governance/pii.ts'
import { shapeStopped } from '../../web/src/lib/features/views/governance/stopped.ts'
import { governance } from '../../web/src/lib/features/views/governance/view.ts'
import type { Shaped } from '../../web/src/lib/features/views/panel.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 30)
const scopeAt = (query = 'range=24h') => scopeFor(query, NOW)
const scope = scopeAt()
const iso = (ms: number) => new Date(ms).toISOString()
const NOTHING = answerOf([])

function tableOf(shaped: Shaped) {
  if (shaped.type !== 'table') throw new Error(`a ${shaped.type} is no table`)
  return shaped
}

/** Answers as an organization in which nothing has happened yet. */
function emptyApi(asked: MetricsQuery[]): Api {
  const get = (path: string) => {
    if (path.endsWith('/retention'))
      return { events_days: 30, traces_days: 90, metrics_days: null, archive_days: null, ...UNCHECKED }
    if (path.endsWith('/move')) return { move: null }
    if (path === '/api/v1/orgs/acme')
      return { id: 'org_1', slug: 'acme', name: 'Acme', region: 'eu', time_zone: 'UTC', created_at: iso(NOW) }
    return { data: [], next_cursor: null }
  }
  return {
    get: (path: string, schema: { parse(value: unknown): unknown }) => Promise.resolve(schema.parse(get(path))),
    post: (_path: string, _schema: unknown, body: unknown) => {
      asked.push(MetricsQuery.parse(body))
      return Promise.resolve(NOTHING)
    },
  } as unknown as Api
}
const UNCHECKED = {
  checked_at: null,
  removed_at: null,
  removed: { events: 0, dead_letters: 0, traces: 0, metrics: 0, archive: 0 },
}

describe('the view', () => {
  it('asks only what the API takes, and of an empty organization says why there is nothing', async () => {
    const asked: MetricsQuery[] = []
    const known = new Map<string, Promise<unknown>>()
    const shapes = await Promise.all(
      governance.panels.map(async (panel) => [
        panel.id,
        await panel.load(new Ask(emptyApi(asked), scope, known), scope),
      ]),
    )
    expect(asked.length).toBeGreaterThan(5)
    for (const query of asked) expect(() => planMetrics(query, NOW)).not.toThrow()
    for (const [id, shaped] of shapes as [string, Shaped][])
      if (shaped.type !== 'figures' && !/retention|residency/.test(id)) expect(shaped.empty, id).toMatch(/[.:]/)
  })

  it('has one id for each panel', () => {
    const ids = governance.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => id.startsWith('governance.'))).toBe(true)
  })
})

describe('decisions', () => {
  it('are told apart by their result, and those without one are not lost', () => {
    const at = scope.range.buckets.at(-1) ?? 0
    const row = (result: string, count: number) => ({ time: iso(at), [RESULT]: result, count })
    const shaped = shapeDecisions(answerOf([row('allow', 5), row('block', 2), row('', 1)]), scope)
    if (shaped.type !== 'series') throw new Error('no series')
    expect(shaped.series.map(({ key, values }) => [key, values.at(-1)])).toEqual([
      ['block', 2],
      ['escalate', 0],
      ['allow', 5],
      ['untold', 1],
    ])
  })

  it('that violate are listed by policy, workflow and agent, with the trend of a day', () => {
    const row = (policy: string, count: number) => ({ [POLICY]: policy, workflow_id: 'w', agent_id: 'a', count })
    const shaped = tableOf(
      shapeViolations(
        {
          blocked: answerOf([row('pii', 4)]),
          escalated: answerOf([row('pii', 1), row('refund', 2)]),
          day: answerOf([row('pii', 3), row('gone', 9)]),
          dayBefore: answerOf([row('pii', 1), row('refund', 2)]),
        },
        scope,
      ),
    )
    expect(shaped.rows.map(({ cells }) => Object.values(cells))).toEqual([
      ['pii', 'w', 'a', 4, 1, 3, 1, '↑ 2 more'],
      ['refund', 'w', 'a', 0, 2, 0, 2, '↓ 2 fewer'],
    ])
    const [blocked, escalated] = shaped.rows.map(({ href }) => new URL(href ?? '', 'http://x').searchParams)
    expect(blocked?.get('error_type')).toBe('policy_blocked')
    expect(blocked?.get('workflow_id')).toBe('w')
    expect(escalated?.has('error_type')).toBe(false)
    expect(trendText(3, 3)).toBe('→ same')
  })

  it('are counted against the period before', () => {
    const decisions = (allow: number, block: number) =>
      answerOf([
        { [RESULT]: 'allow', count: allow },
        { [RESULT]: 'block', count: block },
      ])
    const reached = (...hosts: string[]) => answerOf(hosts.map((egress_host) => ({ egress_host, count: 1 })))
    const now: Counts = {
      decisions: decisions(6, 2),
      stopped: answerOf([{ error_type: 'budget_exceeded', count: 3 }]),
      pii: answerOf([{ pii_detected: 7, pii_redacted: 4 }]),
      hosts: reached('a.example', 'b.example', 'c.example'),
      known: reached('b.example', 'z.example'),
    }
    const before: Counts = {
      decisions: decisions(4, 1),
      stopped: null,
      pii: null,
      hosts: reached('b.example'),
      known: null,
    }
    const shaped = shapeFigures(now, before, scope)
    if (shaped.type !== 'figures') throw new Error('no figures')
    expect(Object.fromEntries(shaped.figures.map(({ key, value, before }) => [key, [value, before]]))).toMatchObject({
      decisions: [8, 5],
      blocked: [2, 1],
      escalated: [0, 0],
      allowed: [6, 4],
      budget: [3, null],
      loops: [0, null],
      pii: [7, null],
      redacted: [4, null],
      hosts: [3, 1],
      new_hosts: [2, null],
    })
  })
})

describe('stopped requests', () => {
  it('lead to their own traces', () => {
    const shaped = tableOf(
      shapeStopped(answerOf([{ error_type: 'approval_timeout', workflow_id: 'w', agent_id: '', count: 2 }]), scope),
    )
    expect(shaped.rows[0]?.cells).toEqual({ why: 'Nobody approved in time', workflow: 'w', agent: '', count: 2 })
    expect(shaped.rows[0]?.href).toBe('/acme/traces?range=24h&project=first&error_type=approval_timeout&workflow_id=w')
  })
})

describe('personal data', () => {
  it('says what was found and not redacted, type by type', () => {
    const row = (pii_type: string, pii_detected: number, pii_redacted: number, count: number) => ({
      ...{ pii_type, pii_detected, pii_redacted, count },
    })
    const shaped = tableOf(shapePiiTypes(answerOf([row('email', 5, 3, 2), row('card', 1, 2, 1)])))
    expect(shaped.rows.map(({ cells }) => Object.values(cells))).toEqual([
      ['email', 5, 3, 2, 2],
      ['card', 1, 2, 0, 1],
    ])
  })

  it('is shown by workflow, with what is past the columns added up', () => {
    const rows = Array.from({ length: 14 }, (_, at) => ({
      workflow_id: at % 2 === 0 ? 'even' : '',
      pii_type: `type ${String(at).padStart(2, '0')}`,
      pii_detected: 100 - at,
    }))
    const shaped = shapePiiWorkflows(answerOf(rows), scope)
    if (shaped.type !== 'heatmap') throw new Error('no heatmap')
    expect(shaped.columns).toHaveLength(12)
    expect(shaped.columns.at(-1)).toEqual({ key: 'others', label: '3 others' })
    expect(shaped.rows.map(({ label, values }) => [label, values[0], values.at(-1)])).toEqual([
      ['even', 100, 88],
      ['not named', null, 89 + 87],
    ])
    const sum = shaped.rows.flatMap(({ values }) => values).reduce<number>((all, value) => all + Number(value), 0)
    expect(sum).toBe(rows.reduce((all, row) => all + row.pii_detected, 0))
    expect(shaped.rows[0]?.hrefs?.[0]).toContain('workflow_id=even')
    expect(shaped.rows[1]?.hrefs?.[0]).toBeNull()
  })
})

describe('egress', () => {
  const to = (egress_host: string, count: number, more: MetricsRow = {}): MetricsRow => ({
    ...{ egress_host, workflow_id: 'refund', count, ...more },
  })

  it('marks what was not reached in the 90 days before, and shows it first', () => {
    const shaped = shapeEgressMap(
      answerOf([to('api.example', 9), to('odd.example', 1)]),
      answerOf([to('api.example', 4)]),
      scope,
    )
    if (shaped.type !== 'heatmap') throw new Error('no heatmap')
    expect(shaped.columns.map(({ label }) => label)).toEqual(['odd.example (new)', 'api.example'])
    expect(shaped.rows[0]?.values).toEqual([1, 9])
    expect(shaped.note).toBeUndefined()
  })

  it('says when nothing is known of the time before, and when not all is told', () => {
    const cut = { ...answerOf([to('api.example', 9)]), meta: { ...NOTHING.meta, truncated: true } }
    expect(shapeEgressMap(cut, NOTHING, scope).note).toMatch(/every host is new; .*not all are told/)
  })

  it('is listed by tool, new hosts first, then the most', () => {
    const tool = (host: string, name: string, count: number) => to(host, count, { tool_name: name, errors: 1 })
    const shaped = tableOf(
      shapeEgressByTool(
        answerOf([tool('api.example', 'fetch', 5), tool('api.example', 'search', 9), tool('odd.example', 'fetch', 1)]),
        answerOf([to('api.example', 4)]),
        scope,
      ),
    )
    expect(shaped.rows.map(({ cells }) => Object.values(cells))).toEqual([
      ['odd.example', 'new', 'refund', 'fetch', 1, 1],
      ['api.example', '', 'refund', 'search', 9, 1],
      ['api.example', '', 'refund', 'fetch', 5, 1],
    ])
    expect(shaped.rows[0]?.href).toContain('workflow_id=refund')
  })
})
