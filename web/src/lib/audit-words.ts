import type { AuditItem } from './audit.ts'

/** The parameters of the page's address that the API takes as they are. */
export const FILTERS = ['actor', 'action', 'agent_id', 'target', 'cursor'] as const
export const PAGE_ROWS = 50

/** What an action begins with, to choose from. */
export const ACTION_GROUPS = [
  { prefix: '', label: 'Any action' },
  { prefix: 'member.', label: 'Members' },
  { prefix: 'invitation.', label: 'Invitations' },
  { prefix: 'key.', label: 'API keys' },
  { prefix: 'principal.', label: 'Service principals' },
  { prefix: 'project.', label: 'Projects' },
  { prefix: 'workspace.', label: 'Workspaces' },
  { prefix: 'org.', label: 'Organization' },
  { prefix: 'budget.', label: 'Budgets' },
  { prefix: 'control.', label: 'Run-time controls' },
  { prefix: 'alert_rule.', label: 'Alert rules' },
  { prefix: 'channel.', label: 'Alert channels' },
  { prefix: 'slo.', label: 'Objectives' },
  { prefix: 'view.', label: 'Views and dashboards' },
  { prefix: 'report.', label: 'Scheduled reports' },
  { prefix: 'session.', label: 'Sign-ins' },
  { prefix: 'account.', label: 'Accounts' },
  { prefix: 'telemetry.', label: 'Telemetry' },
] as const

/** The query of the API for the page's address; an action that is not a name is left out. */
export function auditQuery(params: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = { limit: String(PAGE_ROWS) }
  for (const name of FILTERS) {
    const value = params.get(name)?.trim()
    if (value) query[name] = value
  }
  if (query['action'] !== undefined && !/^[a-z0-9_.]{1,100}$/.test(query['action'])) delete query['action']
  if (query['cursor'] !== undefined && !/^\d{1,15}$/.test(query['cursor'])) delete query['cursor']
  return query
}

/** Somebody or something of an entry, in words. */
export function nameOf(party: AuditItem['actor']): string {
  if (party.erased) return 'a person who was erased'
  return party.label || party.email || (party.type === 'system' ? 'AgentOps' : party.id)
}

export interface Change {
  field: string
  before: string | null
  after: string | null
}

/** What differs between before and after, field by field. */
export function changesOf({ before, after }: Pick<AuditItem, 'before' | 'after'>): Change[] {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  return fields
    .map((field) => ({ field, before: textOf(before?.[field]), after: textOf(after?.[field]) }))
    .filter((change) => change.before !== change.after)
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
