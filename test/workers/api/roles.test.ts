import { beforeAll, describe, expect, it } from 'vitest'
import { PERMISSIONS, roleMay, scopesMay, type Permission } from '../../../workers/contract/permissions.ts'
import { ROLES, type Scope } from '../../../workers/contract/tenant.ts'
import type { Role } from '../../../workers/contract/api.ts'
import { call, makeKey, makeTenant, nobody, type Caller, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

interface Operation {
  method: string
  path: string
  permission: Permission
}

let operations: Operation[]
let tenant: TestTenant

beforeAll(async () => {
  const document = await (
    await call(nobody, 'GET', '/api/openapi.json')
  ).json<{ paths: Record<string, Record<string, { 'x-permission'?: Permission }>> }>()
  operations = Object.entries(document.paths)
    .flatMap(([path, item]) =>
      Object.entries(item).map(([method, op]) => ({
        method: method.toUpperCase(),
        path,
        permission: op['x-permission'],
      })),
    )
    .filter((op): op is Operation => op.permission !== undefined && /\{(org|project)\}/.test(op.path))
    // Whoever has left is refused everything.
    .sort((a, b) => Number(a.path.endsWith('/leave')) - Number(b.path.endsWith('/leave')))
  tenant = await makeTenant()
})

const fill = (path: string) =>
  path
    .replace('{org}', tenant.org.id)
    .replace('{project}', tenant.org.default_project_id)
    .replace(/\{\w+\}/g, 'x')

/** What an operation says to somebody, with a body that is valid for few. */
async function tell(caller: Caller, { method, path }: Operation): Promise<number> {
  return (await call(caller, method, fill(path), method === 'GET' || method === 'DELETE' ? undefined : {})).status
}

describe('role × route', () => {
  it('knows many routes and several permissions', () => {
    expect(operations.length).toBeGreaterThan(30)
    expect(new Set(operations.map((op) => op.permission)).size).toBeGreaterThan(10)
  })

  it.each(ROLES)('%s may do what the table says, and nothing else', async (role) => {
    const person = role === 'owner' ? tenant.owner : await join(tenant, role)
    for (const op of operations) {
      const status = await tell(person, op)
      const wanted = roleMay(role, op.permission)
      expect({ ...op, refused: status === 403 }, `status ${status}`).toEqual({ ...op, refused: !wanted })
      expect(status, op.path).toBeLessThan(500)
    }
  })

  it('gives every role something to see and every permission to somebody', () => {
    for (const role of ROLES) expect(roleMay(role, 'telemetry.read')).toBe(true)
    for (const permission of Object.values(PERMISSIONS)) expect(permission.roles.length).toBeGreaterThan(0)
  })
})

describe('scope × route', () => {
  const ORGANIZATION_ONLY: Permission[] = [
    ...(['org.write', 'member.read', 'erasure.read', 'audit.read'] as const),
    ...(['price.write', 'repricing.read', 'repricing.write'] as const),
  ]

  it.each<Scope[]>([['ingest'], ['read'], ['admin'], ['guard']])(
    'a project key with %s may do what the table says, within its project',
    async (...scopes) => {
      const key = await makeKey(tenant, scopes)
      for (const op of operations) {
        const status = await tell(key, op)
        const wanted = scopesMay(scopes, op.permission) && !ORGANIZATION_ONLY.includes(op.permission)
        expect({ ...op, refused: status === 403 }, `status ${status}`).toEqual({ ...op, refused: !wanted })
      }
    },
  )

  it.each<Role>(['finance', 'operator', 'admin'])(
    'a key of a service principal is bound by its role: %s',
    async (role) => {
      const { owner, org } = tenant
      const principal = await (
        await call(owner, 'POST', `/api/v1/orgs/${org.id}/principals`, { name: `bot ${role}`, role })
      ).json<{ id: string }>()
      const { key } = await (
        await call(owner, 'POST', `/api/v1/orgs/${org.id}/keys`, {
          name: 'bot',
          scopes: ['admin'],
          principal_id: principal.id,
        })
      ).json<{ key: string }>()
      const caller = { headers: { authorization: `Bearer ${key}` } }
      for (const op of operations) {
        const status = await tell(caller, op)
        const wanted = scopesMay(['admin'], op.permission) && roleMay(role, op.permission)
        expect({ ...op, refused: status === 403 }, `status ${status}`).toEqual({ ...op, refused: !wanted })
      }
    },
  )
})
