import { z } from '@hono/zod-openapi'
import { SsoConnection, SsoInput } from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { connectionView, putConnection, verifyDomain } from '../../services/sso/connection.ts'
import type { ConnectionRow } from '../../services/sso/store.ts'
import { orgOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const PATH = '/api/v1/orgs/{org}/sso'
const NONE = 'No single sign-on is set up.'

/** Single sign-on of an organization. */
export function ssoRoutes(app: App): void {
  readAndWrite(app)
  proveAndRemove(app)
}

function readAndWrite(app: App): void {
  route(app, {
    method: 'get',
    path: PATH,
    tag: 'Single sign-on',
    summary: 'The OpenID provider of the organization',
    permission: 'sso.write',
    params: OrgParam,
    answer: z.object({ connection: SsoConnection.nullable() }),
    async handle({ who, deps }) {
      const row = await deps.sso.store.find(orgOf(who).id)
      return { connection: row === null ? null : connectionView(row, deps.origin) }
    },
  })
  route(app, {
    method: 'post',
    path: PATH,
    tag: 'Single sign-on',
    summary: 'Set the OpenID provider; another domain has to be proven anew',
    permission: 'sso.write',
    action: 'sso.set',
    params: OrgParam,
    body: SsoInput,
    status: 201,
    answer: SsoConnection,
    async handle({ who, deps, body, changed }) {
      const { id } = orgOf(who)
      const before = await deps.sso.store.find(id)
      const row = await putConnection(deps.sso, id, body)
      changed({ target: targetOf(row), before: before && factsOf(before), after: factsOf(row) })
      return connectionView(row, deps.origin)
    },
  })
}

function proveAndRemove(app: App): void {
  route(app, {
    method: 'post',
    path: `${PATH}/verify`,
    tag: 'Single sign-on',
    summary: 'Prove the domain by its TXT record',
    permission: 'sso.write',
    action: 'sso.verify',
    params: OrgParam,
    answer: SsoConnection,
    async handle({ who, deps, changed }) {
      const row = await verifyDomain(deps.sso, orgOf(who).id)
      changed({ target: targetOf(row), after: { domain: row.domain, verified: true } })
      return connectionView(row, deps.origin)
    },
  })
  route(app, {
    method: 'delete',
    path: PATH,
    tag: 'Single sign-on',
    summary: 'Remove single sign-on; members stay members',
    permission: 'sso.write',
    action: 'sso.remove',
    params: OrgParam,
    answer: SsoConnection,
    async handle({ who, deps, changed }) {
      const { id } = orgOf(who)
      const row = await deps.sso.store.find(id)
      if (row === null) throw new AppError('not_found', NONE)
      await deps.sso.store.remove(id)
      changed({ target: targetOf(row), before: factsOf(row) })
      return connectionView(row, deps.origin)
    },
  })
}

const targetOf = ({ id, domain }: ConnectionRow) => ({ type: 'sso', id, label: domain })
const factsOf = ({ domain, issuer, clientId, role }: ConnectionRow) => ({ domain, issuer, client_id: clientId, role })
