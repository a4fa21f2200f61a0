import { z } from '@hono/zod-openapi'
import { Page, Principal, PrincipalCreate, PrincipalUpdate } from '../../contract/api.ts'
import { createPrincipal, principalView, updatePrincipal } from '../../services/key/principal.ts'
import { orgOf, personOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })

/** Programs that act by themselves. */
export function principalRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/principals',
    tag: 'Service principals',
    summary: 'Service principals and their roles',
    permission: 'key.read',
    params: OrgParam,
    answer: Page(Principal),
    handle: async ({ who, deps }) => ({
      data: (await deps.tenants.keys.principals(orgOf(who).id)).map(principalView),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/principals',
    tag: 'Service principals',
    summary: 'Make a service principal',
    permission: 'principal.write',
    action: 'principal.create',
    params: OrgParam,
    body: PrincipalCreate,
    status: 201,
    answer: Principal,
    async handle({ who, deps, body, changed }) {
      const made = await createPrincipal(deps.tenants, orgOf(who), personOf(who).id, body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/principals/{principal}',
    tag: 'Service principals',
    summary: 'Rename, disable or enable a service principal, or change its role',
    permission: 'principal.write',
    action: 'principal.update',
    params: OrgParam.extend({ principal: z.string().min(1).max(100) }),
    body: PrincipalUpdate,
    answer: Principal,
    async handle({ who, deps, params, body, changed }) {
      const { before, after } = await updatePrincipal(deps.tenants, orgOf(who), who.projects, params.principal, body)
      changed({ target: targetOf(before), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
}

const targetOf = ({ id, name }: Principal) => ({ type: 'principal', id, label: name })
const factsOf = ({ name, role, disabled_at }: Principal) => ({ name, role, disabled_at })
