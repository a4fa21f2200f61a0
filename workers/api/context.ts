import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Role } from '../contract/api.ts'
import { roleMay, scopesMay, type Permission } from '../contract/permissions.ts'
import type { KeyRecord, ProjectTenant, Tenant } from '../contract/tenant.ts'
import { keyInHeaders } from '../domain/credential.ts'
import { AppError } from '../domain/errors.ts'
import { PASS_COOKIE } from '../domain/report/pass.ts'
import type { OrgRow, Place, ProjectRow } from '../services/tenant/store.ts'
import type { Deps } from './deps.ts'
import type { Env } from './env.ts'

export type AppContext = Context<{ Bindings: Env; Variables: { deps: Deps; requestId: string; who: Who } }>

export type Actor =
  | {
      type: 'user'
      id: string
      name: string
      email: string
      emailVerified: boolean
      twoFactorEnabled: boolean
      signedInMs: number
      /** The organization that a report's pass is for: there it reads, and nothing else. Null for a session. */
      within: string | null
    }
  | { type: 'key'; id: string; name: string; record: KeyRecord }

/** Who asks, and for what they are let in. */
export interface Who {
  actor: Actor
  role: Role | null
  /** True for a member of some projects only. */
  restricted: boolean
  org: OrgRow | null
  project: ProjectRow | null
  /** Of the organization, those that the actor may see. */
  projects: ProjectRow[]
}

/** One answer for what does not exist and for what belongs to others. */
export const MISSING = 'There is no such thing here, or it is not yours to see.'

/**
 * Resolves the credential and the tenant that the path names, and checks the permission; `changes` says whether the
 * route changes anything. @throws AppError.
 */
export async function admit(c: AppContext, permission: Permission, changes: boolean): Promise<Who> {
  const actor = await actorOf(c, c.get('deps'))
  if (actor.type === 'user' && actor.within !== null && !mayPass(c, permission, changes))
    throw new AppError('forbidden', 'A report is drawn with a pass that reads views, and nothing else.')
  const org = c.req.param('org')
  const project = c.req.param('project')
  if (org === undefined && project === undefined) return checked({ actor, ...NOWHERE }, permission)
  return admitTo(c.get('deps'), actor, project === undefined ? { org: org ?? '' } : { project }, permission)
}

/** Lets an actor into an organization or project that was named elsewhere than in the path. */
export async function admitTo(deps: Deps, actor: Actor, place: Place, permission: Permission): Promise<Who> {
  const { control } = deps.tenants
  const access =
    actor.type === 'user' ? await control.access(actor.id, place) : await control.accessOfKey(actor.record, place)
  const isOutside = actor.type === 'user' && actor.within !== null && actor.within !== access?.org.id
  if (access === null || isOutside) throw new AppError('not_found', MISSING)
  return checked({ actor, ...access }, permission)
}

/** Who asks by another protocol than ours, and may read telemetry somewhere. @throws AppError. */
export async function admitReader(c: AppContext): Promise<Actor> {
  const actor = await actorOf(c, c.get('deps'))
  if (actor.type === 'user' && actor.within !== null)
    throw new AppError('forbidden', 'A report is drawn with a pass that reads views, and nothing else.')
  return checked({ actor, ...NOWHERE }, 'telemetry.read').actor
}

/** Who asks, and their organizations. */
export const ME = '/api/v1/me'

/** What concerns the organization as a whole is not for a key of one project. */
const OF_ORGANIZATION: ReadonlySet<Permission> = new Set([
  'org.write',
  'member.read',
  'audit.read',
  'erasure.read',
  'repricing.read',
  'price.write',
  'repricing.write',
])
/** Not for members of some projects, whatever their role. */
const OF_ALL_PROJECTS: ReadonlySet<Permission> = new Set([
  'audit.read',
  'erasure.read',
  'erasure.write',
  'export.write',
  'repricing.read',
  'price.write',
  'repricing.write',
])
const NOWHERE = { role: null, restricted: false, org: null, project: null, projects: [] }

function checked(who: Who, permission: Permission): Who {
  const { actor, role, restricted } = who
  if (actor.type === 'key') {
    const { scopes, project_id, role: bound } = actor.record
    const outside = project_id !== '' && OF_ORGANIZATION.has(permission)
    if (outside || !scopesMay(scopes, permission) || (bound !== null && !roleMay(bound, permission)))
      throw new AppError('forbidden', `This API key may not do this (${permission}).`)
  } else if (role !== null) {
    if (!roleMay(role, permission))
      throw new AppError('forbidden', `Your role "${role}" may not do this (${permission}).`)
    if (restricted && OF_ALL_PROJECTS.has(permission))
      throw new AppError('forbidden', 'This is about the whole organization; you are a member of some projects only.')
  }
  return who
}

async function actorOf(c: AppContext, deps: Deps): Promise<Actor> {
  const key = keyInHeaders(c.req.raw.headers)
  if (key !== null) return keyActor(c, deps, key)
  const pass = getCookie(c, PASS_COOKIE)
  if (pass !== undefined) return passActor(c, deps, pass)
  const { headers, response: session } = await deps.auth.api.getSession({
    headers: c.req.raw.headers,
    returnHeaders: true,
  })
  // The session's short-lived cache, renewed.
  for (const cookie of headers.getSetCookie()) c.header('set-cookie', cookie, { append: true })
  if (!session) throw new AppError('unauthenticated', 'Sign in, or send an API key with scope "read".')
  requireSameOrigin(c)
  const { id, name, email, emailVerified, twoFactorEnabled } = session.user
  const signedInMs = new Date(session.session.createdAt).getTime()
  return {
    type: 'user',
    id,
    name,
    email,
    emailVerified,
    twoFactorEnabled: twoFactorEnabled === true,
    signedInMs,
    within: null,
  }
}

/** Whose rights a report has, as far as they read one organization. Stronger than a session that comes with it. */
async function passActor(c: AppContext, deps: Deps, pass: string): Promise<Actor> {
  const bearer = await deps.bearer(pass)
  if (bearer === null) throw new AppError('unauthenticated', 'This pass is over.')
  requireSameOrigin(c)
  const { userId: id, name, email } = bearer.person
  const facts = { emailVerified: false, twoFactorEnabled: false, signedInMs: 0 }
  return { type: 'user', id, name, email, ...facts, within: bearer.orgId }
}

/** Views ask who looks, and what permissions to read allow; they open no socket. */
function mayPass(c: AppContext, permission: Permission, changes: boolean): boolean {
  if (changes || c.req.header('upgrade') !== undefined) return false
  return permission.endsWith('.read') || (c.req.method === 'GET' && c.req.path === ME)
}

async function keyActor(c: AppContext, deps: Deps, key: string): Promise<Actor> {
  const refused = new AppError('unauthenticated', 'This API key does not exist, was revoked or has expired.')
  const record = await deps.keys.find(deps.keys.sha256(key))
  if (record === null || (record.expires_at !== null && record.expires_at <= deps.now())) throw refused
  const noted = deps.noteUse(record.key_id)
  if (noted !== null) c.executionCtx.waitUntil(noted)
  return { type: 'key', id: record.key_id, name: record.name, record }
}

/** A cookie is sent by any page's form: a change, or a socket, must come from our own pages. */
function requireSameOrigin(c: AppContext): void {
  const upgrade = c.req.header('upgrade') !== undefined
  if ((c.req.method === 'GET' || c.req.method === 'HEAD') && !upgrade) return
  const origin = c.req.header('origin')
  if (origin !== undefined && origin !== new URL(c.req.url).origin)
    throw new AppError('forbidden', 'This request comes from another site.')
  const site = c.req.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new AppError('forbidden', 'This request comes from another site.')
}

export function tenantOf(who: Who): Tenant {
  if (who.org === null) throw new Error('a route without {org} or {project} asked for its tenant')
  return { org_id: who.org.id, cell: who.org.cell, shard: who.org.shard }
}

/** The person who asks. @throws AppError for a key, which has no account. */
export function personOf({ actor }: Who): Actor & { type: 'user' } {
  if (actor.type !== 'user') throw new AppError('forbidden', 'This is for signed-in people; an API key has no account.')
  return actor
}

export function orgOf(who: Who): OrgRow {
  if (who.org === null) throw new Error('the path names no organization')
  return who.org
}

export function placeOf(who: Who): { org: OrgRow; project: ProjectRow } {
  if (who.project === null) throw new Error('the path names no project')
  return { org: orgOf(who), project: who.project }
}

export function projectTenantOf(who: Who): ProjectTenant {
  if (who.project === null) throw new Error('a route without {project} asked for its project')
  return { ...tenantOf(who), workspace_id: who.project.workspaceId, project_id: who.project.id }
}
