import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { Erasure, ErasureCreated } from '../../../workers/contract/erasure.ts'
import { bindings, call, makeTenant } from '../../support/api.ts'

const path = (org: string, rest = '') => `/api/v1/orgs/${org}/erasures${rest}`

describe('erasing a person through the API', () => {
  it('begins, tells how far it is, gives the proof once and the certificate only at the end', async () => {
    const { owner, org } = await makeTenant('eu')
    const answer = await call(owner, 'POST', path(org.id), { user_id: 'customer-4711' })
    expect(answer.status).toBe(201)
    const made: z.infer<typeof ErasureCreated> = ErasureCreated.parse(await answer.json())
    expect(made).toMatchObject({ state: 'running', user_id: 'customer-4711', ended_at: null })
    expect(made.subject_digest).toBe(createHash('sha256').update(`${made.proof}\ncustomer-4711`).digest('hex'))
    const one = await (await call(owner, 'GET', path(org.id, `/${made.id}`))).json()
    expect(Erasure.parse(one).id).toBe(made.id)
    expect(JSON.stringify(one)).not.toContain(made.proof)
    const list = await (await call(owner, 'GET', path(org.id))).json<{ data: unknown[] }>()
    expect(list.data).toHaveLength(1)
    const early = await call(owner, 'GET', path(org.id, `/${made.id}/certificate`))
    expect(early.status).toBe(409)
    const log = await (await call(owner, 'GET', `/api/v1/orgs/${org.id}/audit?action=erasure`)).text()
    expect(log).toContain(made.subject_digest)
    expect(log).not.toContain('customer-4711')
  })

  it.each([
    ['no id', {}, 422],
    ['an empty id', { user_id: '' }, 422],
    ['the name of those who were erased', { user_id: 'erased' }, 422],
    ['an id that is too long', { user_id: 'x'.repeat(257) }, 422],
  ])('refuses %s', async (_, body, status) => {
    const { owner, org } = await makeTenant()
    const answer = await call(owner, 'POST', path(org.id), body)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '/user_id' }] })
  })

  it('does not begin while the organization moves', async () => {
    const { owner, org } = await makeTenant('us')
    await cellFor(bindings, 'us')
      .shard(0)
      .prepare('INSERT INTO moving (org_id, move_id, commits_held, jobs_held) VALUES (?1, ?1, 0, 1)')
      .bind(org.id)
      .run()
    const answer = await call(owner, 'POST', path(org.id), { user_id: 'customer-4711' })
    expect(answer.status).toBe(409)
    expect(await (await call(owner, 'GET', path(org.id))).json()).toMatchObject({ data: [] })
  })
})
