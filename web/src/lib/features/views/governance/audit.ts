import { Page } from '../../../../../../workers/contract/api.ts'
import { AuditItem } from '../../../../../../workers/contract/audit.ts'
import { PERMISSIONS } from '../../../../../../workers/contract/permissions.ts'
import { ApiError } from '../../../api.ts'
import { nameOf } from '../../../audit-words.ts'
import type { PanelSpec, Scope, Shaped } from '../panel.ts'

const ROWS = 15
const COLUMNS = [
  { key: 'when', label: 'When', format: 'datetime' },
  { key: 'actor', label: 'Who', format: 'text' },
  { key: 'action', label: 'Action', format: 'text' },
  { key: 'target', label: 'What', format: 'text' },
] as const
const FORBIDDEN = `The audit log is for ${PERMISSIONS['audit.read'].roles.join(', ')}. Ask an owner for one of these roles.`

export const auditTimeline: PanelSpec = {
  id: 'governance.audit',
  title: 'Audit timeline',
  unit: `the latest ${ROWS} entries of the range`,
  definition:
    'What people, keys and AgentOps itself changed, newest first, from the audit log, whose entries are linked by hash. It is of the whole organization: of the filters, only one agent narrows it.',
  span: 6,
  async load(ask, scope) {
    const [agent, ...more] = scope.filters.agent_id ?? []
    try {
      const { data } = await ask.orgQuery(Page(AuditItem), ['audit'], {
        limit: String(ROWS),
        from: new Date(scope.range.from_ms).toISOString(),
        to: new Date(scope.range.to_ms).toISOString(),
        ...(agent !== undefined && more.length === 0 && { agent_id: agent }),
      })
      return shapeAudit(data, scope)
    } catch (error) {
      if (error instanceof ApiError && error.status === 403)
        return { type: 'table', columns: [...COLUMNS], rows: [], empty: FORBIDDEN }
      throw error
    }
  },
}

export function shapeAudit(entries: readonly AuditItem[], { org }: Pick<Scope, 'org'>): Shaped {
  const log = `/${org}/settings/audit`
  const filtered = (name: string, value: string) => `${log}?${new URLSearchParams({ [name]: value })}`
  return {
    type: 'table',
    columns: [...COLUMNS],
    rows: entries.map(({ seq, at, actor, action, target }) => ({
      key: String(seq),
      cells: { when: Date.parse(at), actor: nameOf(actor), action, target: nameOf(target) },
      links: {
        actor: filtered('actor', actor.id),
        action: filtered('action', action),
        target: filtered('target', target.id),
      },
    })),
    sort: 'when',
    more: [{ label: 'Whole audit log', href: log }],
    ...(entries.length === 0 && { empty: 'Nothing was changed in this range.' }),
  }
}
