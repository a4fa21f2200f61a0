import { describe, expect, it } from 'vitest'
import { isSigned } from '../../../scripts/runtime/signing-key.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { makeDeps } from '../../../workers/api/deps.ts'
import { Me, Page } from '../../../workers/contract/api.ts'
import { AuditItem, PublicKey, type AuditRecord } from '../../../workers/contract/audit.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import type { Cell } from '../../../workers/contract/tenant.ts'
import { verifyExport } from '../../../workers/domain/audit/verify.ts'
import { record } from '../../../workers/services/audit/record.ts'
import { bindings, call, makeKey, makeTenant, nobody, ORIGIN, signUp, type TestTenant } from '../../support/api.ts'

const { audit } = makeDeps(bindings, ORIGIN)

async function tenantWithLog(region: Cell = 'global') {
  const made = await makeTenant(region)
  const { user } = Me.parse(await (await call(made.owner, 'GET', '/api/v1/me')).json())
  const tenant = { org_id: made.org.id, cell: region, shard: 0 }
  const happen = (more: Partial<AuditRecord> = {}) =>
    record(audit, tenant, {
      at_ms: Date.now(),
      actor: { type: 'user', id: user.id, label: user.name, email: user.email },
      action: 'test.happen',
      target: { type: 'thing', id: 'thing_1', label: 'A thing' },
      after: { token: 'do not tell' },
      origin: { ip: '192.0.2.7', user_agent: 'Firefox/150' },
      request_id: 'req_1',
      ...more,
    })
  return { ...made, user, happen, path: `/api/v1/orgs/${made.org.id}/audit` }
}

const list = async (who: TestTenant, path: string) => {
  const response = await call(who.owner, 'GET', path)
  expect(response.status).toBe(200)
  return Page(AuditItem).parse(await response.json())
}

describe('the audit log', () => {
  it('is listed with filters and a cursor, people by their names', async () => {
    const made = await tenantWithLog('eu')
    const { happen, path, user } = made
    for (let i = 0; i < 3; i++) await happen({ agent_id: `agent_${i}` })
    await happen({ action: 'test.other', target: { type: 'thing', id: 'thing_2' } })
    const first = await list(made, `${path}?action=test.happen&limit=2`)
    expect(first.data.map((item) => item.agent_id)).toEqual(['agent_2', 'agent_1'])
    expect(first.data[0]).toMatchObject({
      actor: { type: 'user', label: user.name, user_id: user.id, email: user.email, erased: false },
      origin: { ip: '192.0.2.7', user_agent: 'Firefox/150' },
      after: { token: '[redacted]' },
    })
    const second = await list(made, `${path}?action=test.happen&limit=2&cursor=${first.next_cursor}`)
    expect(second).toMatchObject({ data: [{ agent_id: 'agent_0' }], next_cursor: null })
    expect((await list(made, `${path}?target=thing_2`)).data.map((item) => item.action)).toEqual(['test.other'])
    expect((await list(made, `${path}?actor=${user.id}&agent_id=agent_1`)).data).toHaveLength(1)
    expect((await list(made, `${path}?action=test.&to=2020-01-01T00:00:00Z`)).data).toEqual([])
  })

  it('is exported as a file that verifies with the published key', async () => {
    const made = await tenantWithLog('us')
    const { happen, path, owner, org, user } = made
    for (let i = 0; i < 5; i++) await happen({ agent_id: `agent_${i}` })
    const response = await call(owner, 'GET', `${path}/export`)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(response.headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="audit-${org.id}-\\d{4}-\\d\\d-\\d\\d\\.ndjson"$`),
    )
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    const text = await response.text()
    expect(text).toContain(user.email)
    const key = PublicKey.parse(await (await call(owner, 'GET', '/api/v1/audit/public-key')).json())
    const lines = text.trimEnd().split('\n')
    const tools = { sha256: sha256Hex, isSigned, publicKey: key.public_key }
    const verdict = await verifyExport(lines, tools)
    expect(verdict).toMatchObject({ ok: true, counts: { org_id: org.id, header_key: key.public_key } })
    expect(verdict.counts.entries).toBeGreaterThanOrEqual(5)
    expect(verdict.counts.signed?.seq).toBe(verdict.counts.head?.seq)
    const changed = lines.map((line) => line.replace('agent_2', 'agent_9'))
    expect(await verifyExport(changed, tools)).toMatchObject({ ok: false, reason: 'hash' })
  })

  it('is closed to strangers, to others, and to keys without the scope', async () => {
    const [made, other] = [await tenantWithLog(), await makeTenant()]
    const reader = await makeKey(made, ['read', 'ingest'])
    for (const path of [made.path, `${made.path}/export`]) {
      const statuses = [nobody, other.owner, await signUp(), reader].map((who) => call(who, 'GET', path))
      const answers = await Promise.all(statuses)
      expect(answers.map(({ status }) => status)).toEqual([401, 404, 404, 403])
      for (const answer of answers) Problem.parse(await answer.json())
    }
  })

  it.each(['limit=0', 'limit=201', 'cursor=x', 'action=A', 'from=yesterday', 'to=2026-13-01T00:00:00Z'])(
    'refuses ?%s and names it',
    async (bad) => {
      const { path, owner } = await tenantWithLog()
      const response = await call(owner, 'GET', `${path}?${bad}`)
      const problem = Problem.parse(await response.json())
      expect([response.status, problem.errors?.[0]?.pointer]).toEqual([422, `query/${bad.split('=')[0]}`])
    },
  )
})
