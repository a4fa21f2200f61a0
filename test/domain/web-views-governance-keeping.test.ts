import { describe, expect, it } from 'vitest'
import { answerOf, PROJECT, scopeFor } from '../support/view-scope.ts'
import type { AuditItem } from '../../workers/contract/audit.ts'
import type { Extension } from '../../workers/contract/budget.ts'
import type { Retention } from '../../workers/contract/retention.ts'
import { ApiError, type Api } from '../../web/src/lib/api.ts'
import { Ask } from '../../web/src/lib/features/views/ask.ts'
import { slaOf } from '../../web/src/lib/features/views/governance/approvals.ts'
import { auditTimeline, shapeAudit } from '../../web/src/lib/features/views/governance/audit.ts'
import { shapeEscalatedBy } from '../../web/src/lib/features/views/governance/escalations.ts'
import { shapeExtensions } from '../../web/src/lib/features/views/governance/extensions.ts'
import { shapeResidency, shapeRetention, stateOf } from '../../web/src/lib/features/views/governance/keeping.ts'
import type { Shaped } from '../../web/src/lib/features/views/panel.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 30)
const HOUR_MS = 3_600_000
const scopeAt = (query = 'range=24h') => scopeFor(query, NOW)
const scope = scopeAt()
const iso = (ms: number) => new Date(ms).toISOString()
const UNCHECKED = {
  checked_at: null,
  removed_at: null,
  removed: { events: 0, dead_letters: 0, traces: 0, metrics: 0, archive: 0 },
}

function tableOf(shaped: Shaped) {
  if (shaped.type !== 'table') throw new Error(`a ${shaped.type} is no table`)
  return shaped
}

const extension = (more: Partial<Extension>): Extension => ({
  id: 'ext_1',
  budget_id: 'bud_1',
  amount_usd: '5.000000000',
  until: iso(NOW + HOUR_MS),
  reason: 'A big import',
  state: 'asked',
  asked_by: 'user_1',
  decided_by: null,
  asked_at: iso(NOW - 2 * HOUR_MS),
  decided_at: null,
  ...more,
})

describe('approvals', () => {
  it('say how long extensions wait, and how fast those of the range were answered', () => {
    const decided = (hours: number, decidedMs: number) =>
      extension({ state: 'granted', asked_at: iso(decidedMs - hours * HOUR_MS), decided_at: iso(decidedMs) })
    const sla = slaOf(
      [
        extension({}),
        extension({ asked_at: iso(NOW - HOUR_MS) }),
        decided(1, NOW - HOUR_MS),
        decided(4, NOW - HOUR_MS),
        decided(50, NOW - 48 * HOUR_MS),
      ],
      scope,
    )
    expect(sla).toEqual({ waiting: 2, longest_ms: 2 * HOUR_MS, answered: 2, median_ms: 2.5 * HOUR_MS })
    expect(slaOf([], scope)).toEqual({ waiting: 0, longest_ms: null, answered: 0, median_ms: null })
  })

  it('list extensions that wait, by the names of their budgets', () => {
    const names = new Map([['bud_1', 'Support, monthly']])
    const shaped = tableOf(shapeExtensions([extension({}), extension({ state: 'declined' })], names, scope))
    expect(shaped.rows).toHaveLength(1)
    expect(shaped.rows[0]?.cells).toMatchObject({ budget: 'Support, monthly', waits: 2 * HOUR_MS, by: 'user_1' })
    expect(shaped.rows[0]?.href).toBe('/acme/budgets/bud_1')
  })

  it('join escalations and late approvals of a workflow', () => {
    const shaped = tableOf(
      shapeEscalatedBy(
        answerOf([{ workflow_id: 'refund', count: 3 }]),
        answerOf([
          { workflow_id: 'refund', count: 1 },
          { workflow_id: '', count: 2 },
        ]),
        scope,
      ),
    )
    expect(shaped.rows.map(({ cells }) => Object.values(cells))).toEqual([
      ['refund', 3, 1],
      ['not named', 0, 2],
    ])
    expect(shaped.rows[0]?.href).toContain('error_type=approval_timeout')
  })
})

describe('audit timeline', () => {
  const party = { type: 'user', id: 'p_1', label: null, user_id: 'u', email: 'ada@example.com', erased: false }
  const entry: AuditItem = {
    seq: 7,
    at: iso(NOW),
    actor: party,
    action: 'key.create',
    target: { ...party, type: 'key', id: 'key_1', label: 'CI' },
    agent_id: null,
    before: null,
    after: null,
    origin: null,
    request_id: 'req_1',
    hash: 'a'.repeat(64),
  }

  it('links each part of an entry to the log, filtered by it', () => {
    const [row] = tableOf(shapeAudit([entry], scope)).rows
    expect(row?.cells).toEqual({ when: NOW, actor: 'ada@example.com', action: 'key.create', target: 'CI' })
    expect(row?.links).toEqual({
      actor: '/acme/settings/audit?actor=p_1',
      action: '/acme/settings/audit?action=key.create',
      target: '/acme/settings/audit?target=key_1',
    })
  })

  it.each([
    [403, 'The audit log is for owner, admin, auditor. Ask an owner for one of these roles.'],
    [500, null],
  ])('when the API answers %i', async (status, empty) => {
    const refuse = () =>
      Promise.reject(
        new ApiError({ type: 'about:blank', title: 'No', status, detail: 'No.', instance: 'req', code: 'forbidden' }),
      )
    const asking = auditTimeline.load(new Ask({ get: refuse } as unknown as Api, scope, new Map()), scope)
    if (empty === null) await expect(asking).rejects.toThrow('No.')
    else expect((await asking).empty).toBe(empty)
  })

  it('narrows by one agent', async () => {
    const paths: string[] = []
    const get = (path: string) => {
      paths.push(path)
      return Promise.resolve({ data: [], next_cursor: null })
    }
    for (const query of ['agent_id=support', 'agent_id=support&agent_id=sales']) {
      const narrowed = scopeAt(query)
      await auditTimeline.load(new Ask({ get } as unknown as Api, narrowed, new Map()), narrowed)
    }
    expect(paths.map((path) => new URL(path, 'http://x').searchParams.get('agent_id'))).toEqual(['support', null])
  })
})

describe('keeping', () => {
  const kept = (more: Partial<Retention>): Retention => ({
    events_days: 30,
    traces_days: 90,
    metrics_days: null,
    archive_days: null,
    ...UNCHECKED,
    ...more,
  })

  it.each([
    ['first pass within a day', kept({})],
    ['in time', kept({ checked_at: iso(NOW - 25 * HOUR_MS) })],
    ['late', kept({ checked_at: iso(NOW - 27 * HOUR_MS) })],
    ['nothing is removed', kept({ events_days: null, traces_days: null })],
  ])('is %s', (words, state) => {
    expect(stateOf(state, NOW)).toBe(words)
  })

  it('shows the rules of each project and what they removed', () => {
    const state = kept({ checked_at: iso(NOW - HOUR_MS), removed: { ...UNCHECKED.removed, events: 12 } })
    const [row] = tableOf(shapeRetention([{ project: PROJECT, kept: state }], scope)).rows
    expect(row?.cells).toMatchObject({
      project: 'First',
      events_days: '30 days',
      metrics_days: 'for ever',
      state: 'in time',
      checked: NOW - HOUR_MS,
      events: 12,
    })
    expect(row?.href).toBe('/acme/settings/retention?project=first')
  })

  it('names the region and what is pinned to it', () => {
    const shaped = tableOf(shapeResidency('eu', '', scope))
    expect(shaped.note).toBe('region European Union (eu)')
    expect(shaped.rows.find(({ key }) => key === 'Events on their way')?.cells.promised).toBe('at rest')
    expect(shaped.more?.[0]?.href).toBe('/acme/settings/region')
  })
})
