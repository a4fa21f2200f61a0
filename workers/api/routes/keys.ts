import { z } from '@hono/zod-openapi'
import { Key, KeyCreate, KeyCreated, KeyRotate, Page } from '../../contract/api.ts'
import { roleMay, type Permission } from '../../contract/permissions.ts'
import { AppError } from '../../domain/errors.ts'
import { createKey, listKeys, revokeKey, rotateKey, type KeyPlace } from '../../services/key/manage.ts'
import { orgOf, personOf, placeOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

interface Keys {
  path: string
  param: 'org' | 'project'
  write: Permission
  place(who: Who): KeyPlace
}

const OF_PROJECT: Keys = {
  path: '/api/v1/projects/{project}/keys',
  param: 'project',
  write: 'key.write',
  place: placeOf,
}
const OF_ORGANIZATION: Keys = {
  path: '/api/v1/orgs/{org}/keys',
  param: 'org',
  write: 'principal.write',
  place: (who) => ({ org: orgOf(who), project: null }),
}

/** API keys of projects, and of organizations as a whole. */
export function keyRoutes(app: App): void {
  for (const keys of [OF_PROJECT, OF_ORGANIZATION]) {
    listRoute(app, keys)
    changeRoutes(app, keys)
  }
}

const paramsOf = ({ param }: Keys) => z.object({ [param]: z.string().min(1).max(100) })
const keyParamsOf = (keys: Keys) => paramsOf(keys).extend({ key: z.string().min(1).max(100) })

function listRoute(app: App, keys: Keys): void {
  route(app, {
    method: 'get',
    path: keys.path,
    tag: 'Keys',
    summary: 'API keys, without their secrets',
    permission: 'key.read',
    params: paramsOf(keys),
    answer: Page(Key),
    handle: async ({ who, deps }) => ({ data: await listKeys(deps.tenants, keys.place(who)), next_cursor: null }),
  })
}

function changeRoutes(app: App, keys: Keys): void {
  route(app, {
    method: 'post',
    path: keys.path,
    tag: 'Keys',
    summary: 'Make an API key; it is shown in this answer only',
    permission: keys.write,
    action: 'key.create',
    params: paramsOf(keys),
    body: KeyCreate,
    status: 201,
    answer: KeyCreated,
    async handle({ who, deps, body, changed }) {
      assertMayGrant(who, body)
      const made = await createKey(deps.tenants, keys.place(who), personOf(who).id, body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'post',
    path: `${keys.path}/{key}/rotate`,
    tag: 'Keys',
    summary: 'Make a key that takes the place of another, which works on for a while',
    permission: keys.write,
    action: 'key.rotate',
    params: keyParamsOf(keys),
    body: KeyRotate,
    status: 201,
    answer: KeyCreated,
    async handle({ who, deps, params, body, changed }) {
      const made = await rotateKey(
        deps.tenants,
        keys.place(who),
        personOf(who).id,
        params.key ?? '',
        body.overlap_hours,
      )
      changed({
        target: { type: 'key', id: params.key ?? '', label: made.name },
        after: { rotated_to: made.id, overlap_hours: body.overlap_hours },
      })
      return made
    },
  })
  route(app, {
    method: 'delete',
    path: `${keys.path}/{key}`,
    tag: 'Keys',
    summary: 'Revoke an API key, everywhere within 60 s',
    permission: keys.write,
    action: 'key.revoke',
    params: keyParamsOf(keys),
    answer: Key,
    async handle({ who, deps, params, changed }) {
      const revoked = await revokeKey(deps.tenants, keys.place(who), params.key ?? '')
      changed({ target: targetOf(revoked), before: { revoked_at: null }, after: { revoked_at: revoked.revoked_at } })
      return revoked
    },
  })
}

const targetOf = ({ id, name }: Key) => ({ type: 'key', id, label: name })
const factsOf = ({ name, scopes, project_id, principal_id, environment, expires_at, hint }: Key) => ({
  name,
  scopes,
  project_id,
  principal_id,
  environment,
  expires_at,
  hint,
})

/** Nobody makes a key that may do more than they may. */
function assertMayGrant(who: Who, { scopes, principal_id }: z.infer<typeof KeyCreate>): void {
  if (!scopes.includes('admin') && principal_id === undefined) return
  if (who.role === null || !roleMay(who.role, 'principal.write'))
    throw new AppError(
      'forbidden',
      'Only owners and admins make keys with the scope "admin" or of a service principal.',
    )
}
