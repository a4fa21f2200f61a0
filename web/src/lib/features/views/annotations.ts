import { Incident } from '../../../../../workers/contract/alert.ts'
import { Page } from '../../../../../workers/contract/api.ts'
import { AuditItem } from '../../../../../workers/contract/audit.ts'
import { roleMay } from '../../../../../workers/contract/permissions.ts'
import type { MetricsAnswer, MetricsRow } from '../../../../../workers/contract/metrics.ts'
import { ApiError, type Api } from '../../api.ts'
import { nameOf } from '../../audit-words.ts'
import { formatUsd } from '../../format.ts'
import { settle, type Loaded } from '../../loaded.ts'
import type { Annotation } from '../../ui/chart/annotations.ts'
import { CHANGES_PARAM } from '../filters/filters.ts'
import { DAY_MS } from '../filters/range.ts'
import { Ask, NotFilterable } from './ask.ts'
import type { Scope } from './panel.ts'
import { tracesHref } from './scope.ts'
import { size } from './shape.ts'

const LOOK_BACK_MS = 30 * DAY_MS
const INCIDENTS_A_PAGE = 200
const INCIDENT_PAGES_MAX = 5
const BUDGETS_MAX = 100

export interface Annotations {
  all: Annotation[]
  /** What is not in them. */
  without: string[]
}

/** What happened in a view's range: one load for all of its charts. Null where the URL hides it. */
export function loadAnnotations(api: Api, scope: Scope): Promise<Loaded<Annotations>> | null {
  return scope.params[CHANGES_PARAM] === 'off' ? null : settle(annotationsOf(new Ask(api, scope, new Map()), scope))
}

/** As a page is given them: with its document, and later as it asks for them itself. */
export function givenAnnotations(
  api: Api,
  scope: Scope,
  isDataRequest: boolean,
): Promise<Loaded<Annotations>> | 'later' | null {
  if (scope.params[CHANGES_PARAM] === 'off') return null
  return isDataRequest ? 'later' : loadAnnotations(api, scope)
}

async function annotationsOf(ask: Ask, scope: Scope): Promise<Annotations> {
  const [versions, incidents, budgets] = await Promise.all([
    unless(NotFilterable, versionsOf(ask, scope)),
    incidentsOf(ask),
    unless(Forbidden, budgetChangesOf(ask, scope)),
  ])
  const without = [
    ...(versions === null ? ['releases, which are not told apart by the filters that are set'] : []),
    ...(budgets === null ? ['changes of budgets, which are in the audit log'] : []),
    ...(incidents.cut ? [`incidents before the newest ${incidents.data.length.toLocaleString('en')}`] : []),
  ]
  return {
    all: [
      ...(versions === null ? [] : releaseAnnotations(versions.now, versions.before, scope)),
      ...incidentAnnotations(incidents.data, scope),
      ...(budgets === null ? [] : budgetAnnotations(budgets, scope)),
    ].sort((a, b) => a.at_ms - b.at_ms),
    without,
  }
}

async function versionsOf(ask: Ask, { range }: Scope): Promise<{ now: MetricsAnswer; before: MetricsAnswer }> {
  const query = {
    kind: 'request' as const,
    dimensions: ['workflow_id', 'workflow_version'] as ('workflow_id' | 'workflow_version')[],
    measures: ['count' as const],
    limit: 5000,
  }
  const [now, before] = await Promise.all([
    ask.metrics({ ...query, step: range.step }),
    ask.between(query, { from_ms: range.from_ms - LOOK_BACK_MS, to_ms: range.from_ms }),
  ])
  return { now, before }
}

/** The newest incidents; one that was opened long before a range may be resolved in it. */
async function incidentsOf(ask: Ask): Promise<{ data: Incident[]; cut: boolean }> {
  const data: Incident[] = []
  let cursor: string | null = null
  for (let page = 0; page < INCIDENT_PAGES_MAX; page++) {
    const query: Record<string, string> = { limit: String(INCIDENTS_A_PAGE), ...(cursor !== null && { cursor }) }
    const found: { data: Incident[]; next_cursor: string | null } = await ask.orgQuery(
      Page(Incident),
      ['incidents'],
      query,
    )
    data.push(...found.data)
    cursor = found.next_cursor
    if (cursor === null) break
  }
  return { data, cut: cursor !== null }
}

class Forbidden extends Error {}

async function budgetChangesOf(ask: Ask, { range, role }: Scope): Promise<AuditItem[]> {
  if (!roleMay(role, 'audit.read')) throw new Forbidden()
  try {
    const { data } = await ask.orgQuery(Page(AuditItem), ['audit'], {
      action: 'budget.',
      from: new Date(range.from_ms).toISOString(),
      to: new Date(range.to_ms).toISOString(),
      limit: String(BUDGETS_MAX),
    })
    return data
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) throw new Forbidden()
    throw error
  }
}

async function unless<T>(kind: new () => Error, work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (error instanceof kind) return null
    throw error
  }
}

/**
 * Where a workflow that was there already had a version for the first time. Versions of the 30 days before the range are not new,
 * nor is the first version of a workflow.
 */
export function releaseAnnotations(
  now: Pick<MetricsAnswer, 'data'>,
  before: Pick<MetricsAnswer, 'data'>,
  scope: Scope,
): Annotation[] {
  const known = new Map<string, Set<string>>()
  const seen = (row: MetricsRow): Set<string> => {
    const workflow = String(row.workflow_id ?? '')
    const versions = known.get(workflow) ?? new Set()
    known.set(workflow, versions)
    return versions
  }
  for (const row of before.data) if (size(row, 'count') > 0) seen(row).add(String(row.workflow_version ?? ''))
  const times = Map.groupBy(
    now.data.filter((row) => size(row, 'count') > 0),
    (row) => Date.parse(String(row.time)),
  )
  const found: Annotation[] = []
  for (const [time, rows] of [...times].sort(([a], [b]) => a - b)) {
    // Versions that came together are of one beginning, not one after another.
    const isNew = rows.filter((row) => {
      const versions = seen(row)
      return versions.size > 0 && !versions.has(String(row.workflow_version ?? ''))
    })
    for (const row of rows) seen(row).add(String(row.workflow_version ?? ''))
    for (const row of isNew) {
      const [workflow, version] = [String(row.workflow_id ?? ''), String(row.workflow_version ?? '')]
      if (version === '') continue
      found.push({
        key: `release ${workflow} ${version}`,
        kind: 'release',
        at_ms: Math.max(time, scope.range.from_ms),
        label: `${workflow || 'Workflow not named'} ${version} first seen`,
        href: tracesHref(scope, { ...(workflow !== '' && { workflow_id: workflow }), workflow_version: version }),
      })
    }
  }
  return found
}

/** Where incidents were opened and resolved; those of other projects than the filtered are left out. */
export function incidentAnnotations(incidents: readonly Incident[], { org, range, filters }: Scope): Annotation[] {
  return incidents
    .filter(({ project_id }) => project_id === null || (filters.project?.includes(project_id) ?? true))
    .flatMap(({ id, rule_name, severity, opened_at, resolved_at }) => {
      const at = (time: string | null, what: string): Annotation[] => {
        const at_ms = time === null ? NaN : Date.parse(time)
        if (!(at_ms >= range.from_ms && at_ms < range.to_ms)) return []
        const label = `${rule_name}: ${severity} incident ${what}`
        return [
          { key: `incident ${id} ${what}`, kind: 'incident', at_ms, label, href: `/${org}/alerts/incidents/${id}` },
        ]
      }
      return [...at(opened_at, 'opened'), ...at(resolved_at, 'resolved')]
    })
}

const DONE: Record<string, string> = { 'budget.create': 'made', 'budget.remove': 'removed' }

/** Where budgets were made, changed and removed; of changes, from which limit to which. */
export function budgetAnnotations(entries: readonly AuditItem[], { org }: Pick<Scope, 'org'>): Annotation[] {
  return entries
    .filter(({ action }) => action in DONE || action === 'budget.update')
    .map(({ seq, at, action, target, before, after }) => {
      const [from, to] = [before?.limit_usd, after?.limit_usd].map((usd) => (typeof usd === 'string' ? usd : null))
      const limit = from != null && to != null && from !== to ? `: ${formatUsd(from)} to ${formatUsd(to)}` : ''
      return {
        key: `budget ${seq}`,
        kind: 'budget' as const,
        at_ms: Date.parse(at),
        label: `Budget ${nameOf(target)} ${DONE[action] ?? 'changed'}${limit}`,
        href:
          action === 'budget.remove'
            ? `/${org}/settings/audit?${new URLSearchParams({ target: target.id })}`
            : `/${org}/budgets/${target.id}`,
      }
    })
}
