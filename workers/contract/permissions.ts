import type { Role } from './api.ts'
import type { Scope } from './tenant.ts'

/** Who may do what: the roles of people and the scopes of keys. The API, its document and the dashboard read this table. */
export const PERMISSIONS = {
  /** Any signed-in person, about themselves. */
  self: { roles: ['owner', 'member'], scopes: [], about: 'Any signed-in person' },
  'org.read': {
    roles: ['owner', 'member'],
    scopes: ['read', 'admin'],
    about: 'See the organization, its workspaces and projects',
  },
  'org.write': { roles: ['owner', 'member'], scopes: ['admin'], about: 'Make workspaces and projects' },
  'project.write': { roles: ['owner', 'member'], scopes: ['admin'], about: 'Change a project' },
  'key.read': { roles: ['owner', 'member'], scopes: ['admin'], about: 'See API keys (never their secret)' },
  'key.write': { roles: ['owner', 'member'], scopes: [], about: 'Make and revoke API keys' },
  'telemetry.read': {
    roles: ['owner', 'member'],
    scopes: ['read', 'admin'],
    about: 'See traces, metrics, spend and the live feed',
  },
  'audit.read': { roles: ['owner'], scopes: ['admin'], about: 'Read and export the audit log' },
  'telemetry.replay': { roles: ['owner', 'member'], scopes: ['admin'], about: 'Replay dead letters' },
} as const satisfies Record<string, { roles: readonly Role[]; scopes: readonly Scope[]; about: string }>

export type Permission = keyof typeof PERMISSIONS

export function roleMay(role: Role, permission: Permission): boolean {
  return (PERMISSIONS[permission].roles as readonly Role[]).includes(role)
}

export function scopesMay(scopes: readonly Scope[], permission: Permission): boolean {
  return (PERMISSIONS[permission].scopes as readonly Scope[]).some((scope) => scopes.includes(scope))
}
