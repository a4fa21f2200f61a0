import { PERMISSIONS, roleMay, type Permission } from '../../../../../workers/contract/permissions.ts'
import { ROLES } from '../../../../../workers/contract/tenant.ts'
import type { Role } from '../../../../../workers/contract/api.ts'

export { roleMay, ROLES }
export type { Permission, Role }

/** What each role is for, in words. */
export const ROLE_WORDS: Record<Role, string> = {
  owner: 'everything, and handing over the organization.',
  admin: 'members, keys, projects and settings.',
  finance: 'spend, and all that explains it.',
  operator: 'failures, live traffic, and replaying what got stuck.',
  developer: 'projects and their keys, traces and metrics.',
  auditor: 'reads everything, the audit log too; changes nothing.',
  approver: 'decides what agents ask people for.',
}

/** The table of permissions, a row each, as the API checks it. */
export const PERMISSION_ROWS = (Object.entries(PERMISSIONS) as [Permission, (typeof PERMISSIONS)[Permission]][])
  .filter(([permission]) => permission !== 'self')
  .map(([permission, { about, scopes }]) => ({
    permission,
    about,
    scopes: scopes as readonly string[],
    roles: ROLES.filter((role) => roleMay(role, permission)),
  }))

/** Roles that a person of this role may give. */
export const grantable = (role: Role): Role[] => ROLES.filter((to) => role === 'owner' || to !== 'owner')
