import type { Role } from './api.ts'
import type { Scope } from './tenant.ts'

const EVERYONE = ['owner', 'admin', 'finance', 'operator', 'developer', 'auditor', 'approver'] as const
const READ = ['read', 'admin'] as const
const ADMIN = ['admin'] as const

/** Who may do what: the roles of people and the scopes of keys. The API, its document and the dashboard read this table. */
export const PERMISSIONS = {
  /** Any signed-in person, about themselves. */
  self: { roles: EVERYONE, scopes: [], about: 'Any signed-in person, about themselves' },
  'org.read': { roles: EVERYONE, scopes: READ, about: 'See the organization, its workspaces and projects' },
  'org.write': {
    roles: ['owner', 'admin'],
    scopes: ADMIN,
    about: 'Rename the organization, make workspaces and projects',
  },
  'org.own': { roles: ['owner'], scopes: [], about: 'Hand over, move or delete the organization' },
  'org.leave': { roles: EVERYONE, scopes: [], about: 'Leave the organization' },
  'sso.write': { roles: ['owner', 'admin'], scopes: [], about: 'Set up single sign-on' },
  'member.read': { roles: EVERYONE, scopes: ADMIN, about: 'See members and their roles' },
  'member.write': {
    roles: ['owner', 'admin'],
    scopes: [],
    about: 'Invite and remove members, change roles; owners only by owners',
  },
  'project.write': { roles: ['owner', 'admin', 'developer'], scopes: ADMIN, about: 'Change a project' },
  'content.write': { roles: ['owner', 'admin'], scopes: [], about: 'Decide whether prompts and answers are kept' },
  'project.delete': { roles: ['owner', 'admin'], scopes: [], about: 'Delete a project, and take that back' },
  'privacy.write': { roles: ['owner', 'admin'], scopes: [], about: 'Decide how long data are kept' },
  'erasure.read': {
    roles: ['owner', 'admin', 'auditor'],
    scopes: ADMIN,
    about: 'See what was erased, and the certificates',
  },
  'erasure.write': { roles: ['owner', 'admin'], scopes: [], about: 'Erase a person from all that agents reported' },
  'export.write': { roles: ['owner', 'admin'], scopes: [], about: 'Export everything the organization has' },
  'key.read': {
    roles: ['owner', 'admin', 'operator', 'developer', 'auditor'],
    scopes: ADMIN,
    about: 'See API keys (never their secret)',
  },
  'key.write': {
    roles: ['owner', 'admin', 'developer'],
    scopes: [],
    about: 'Make, rotate and revoke keys of a project',
  },
  'principal.write': {
    roles: ['owner', 'admin'],
    scopes: [],
    about: 'Make service principals, and keys of the whole organization',
  },
  'telemetry.read': { roles: EVERYONE, scopes: READ, about: 'See traces, metrics, spend and the live feed' },
  'view.write': {
    roles: EVERYONE,
    scopes: [],
    about: 'Save views and make dashboards; change shared ones as their owner, or as owner or admin',
  },
  'report.read': { roles: EVERYONE, scopes: [], about: 'See scheduled reports of one’s own, and stop getting others' },
  'report.write': {
    roles: EVERYONE,
    scopes: [],
    about: 'Have views sent by mail; stop those of others as owner or admin',
  },
  'telemetry.replay': { roles: ['owner', 'admin', 'operator'], scopes: ADMIN, about: 'Replay dead letters' },
  'budget.read': { roles: EVERYONE, scopes: READ, about: 'See budgets, what is spent and what is reserved' },
  'budget.write': { roles: ['owner', 'admin', 'finance'], scopes: ADMIN, about: 'Make, change and remove budgets' },
  'price.read': { roles: EVERYONE, scopes: READ, about: 'See prices, and the organization’s own ones' },
  'price.write': {
    roles: ['owner', 'admin', 'finance'],
    scopes: ADMIN,
    about: 'Make, change and end the organization’s own prices',
  },
  'repricing.read': {
    roles: ['owner', 'admin', 'finance', 'auditor'],
    scopes: ADMIN,
    about: 'See what was priced anew, and the difference',
  },
  'repricing.write': {
    roles: ['owner', 'admin', 'finance'],
    scopes: ADMIN,
    about: 'Price what was spent anew, as adjustments in the ledger',
  },
  'budget.release': {
    roles: ['owner', 'admin', 'finance', 'operator'],
    scopes: ADMIN,
    about: 'Let go of what a reservation holds',
  },
  'budget.ask': { roles: EVERYONE, scopes: READ, about: 'Ask for an extension of a budget' },
  'budget.approve': { roles: ['owner', 'finance', 'approver'], scopes: [], about: 'Grant or decline an extension' },
  'control.read': { roles: EVERYONE, scopes: READ, about: 'See run-time controls and circuit breakers' },
  'control.write': {
    roles: ['owner', 'admin', 'operator'],
    scopes: ADMIN,
    about: 'Make, change and remove run-time controls, close circuit breakers',
  },
  'channel.read': {
    roles: EVERYONE,
    scopes: ADMIN,
    about: 'See where alerts are told, and what became of each message',
  },
  'channel.write': {
    roles: ['owner', 'admin', 'operator'],
    scopes: ADMIN,
    about: 'Make, change, test and remove channels; send messages again',
  },
  'alert.read': { roles: EVERYONE, scopes: READ, about: 'See alert rules, incidents and silences' },
  'alert.write': {
    roles: ['owner', 'admin', 'operator', 'developer'],
    scopes: ADMIN,
    about: 'Make, change and remove alert rules, silences',
  },
  'slo.read': { roles: EVERYONE, scopes: READ, about: 'See objectives and their error budgets' },
  'slo.write': {
    roles: ['owner', 'admin', 'operator', 'developer'],
    scopes: ADMIN,
    about: 'Make, change and remove objectives, with their alert rules',
  },
  'incident.ack': {
    roles: ['owner', 'admin', 'operator', 'developer'],
    scopes: ADMIN,
    about: 'Acknowledge incidents',
  },
  'audit.read': { roles: ['owner', 'admin', 'auditor'], scopes: ADMIN, about: 'Read and export the audit log' },
} as const satisfies Record<string, { roles: readonly Role[]; scopes: readonly Scope[]; about: string }>

export type Permission = keyof typeof PERMISSIONS

export function roleMay(role: Role, permission: Permission): boolean {
  return (PERMISSIONS[permission].roles as readonly Role[]).includes(role)
}

export function scopesMay(scopes: readonly Scope[], permission: Permission): boolean {
  return (PERMISSIONS[permission].scopes as readonly Scope[]).some((scope) => scopes.includes(scope))
}
