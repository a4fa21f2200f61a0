import type { Role } from '../contract/api.ts'

/** Roles that see every project: an administrator who saw some only could not answer for the rest. */
const UNRESTRICTED: readonly Role[] = ['owner', 'admin']

/** Why an actor may not give this role to someone who has that one, or null. Owners are made and unmade by owners. */
export function roleRefusal(actor: Role, from: Role | null, to: Role): string | null {
  if (actor === 'owner') return null
  if (from === 'owner') return 'Only an owner can change an owner.'
  if (to === 'owner') return 'Only an owner can make another one.'
  return null
}

/** Why a member of this role cannot be held to some projects, or null. */
export function restrictionRefusal(role: Role, restricted: boolean): string | null {
  return restricted && UNRESTRICTED.includes(role) ? `The role "${role}" sees every project.` : null
}
