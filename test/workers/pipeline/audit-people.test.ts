import { describe, expect, it } from 'vitest'
import { AuditFilterQuery, type AuditRecord } from '../../../workers/contract/audit.ts'
import { exportAudit, listAudit } from '../../../workers/services/audit/read.ts'
import { forgetPerson, record } from '../../../workers/services/audit/record.ts'
import { deps, draft, everything, freshLog, verified } from '../../support/audit-log.ts'

const ann = { type: 'user' as const, id: '', label: 'Ann Smith', email: 'ann@example.com' }
const recordOf = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  at_ms: Date.parse('2026-11-23T12:00:00Z'),
  actor: ann,
  action: 'key.create',
  target: { type: 'key', id: 'key_1', label: 'CI' },
  after: { scopes: ['read'], hash: 'abc' },
  origin: { ip: '192.0.2.7', user_agent: 'Firefox/150' },
  request_id: 'req_1',
  ...more,
})
const query = (more: Partial<Record<keyof AuditFilterQuery, string>> = {}) => AuditFilterQuery.parse(more)
const personsOf = () => ({
  ann: { ...ann, id: `ann${crypto.randomUUID()}` },
  bob: { type: 'user' as const, id: `bob${crypto.randomUUID()}`, label: 'Bob Jones', email: 'bob@example.com' },
})

describe('records of people', () => {
  it('show who it was while their key exists, and nobody once it is gone; the chain stays whole', async () => {
    const { tenant, rpc } = freshLog('us')
    const { ann, bob } = personsOf()
    await record(deps, tenant, recordOf({ actor: ann }))
    await record(deps, tenant, recordOf({ actor: ann, action: 'member.update', target: bob, before: { role: 'developer' }, after: { role: 'owner' } })) // prettier-ignore
    await record(deps, tenant, recordOf({ actor: bob, action: 'member.leave', target: bob }))
    const stored = (await rpc.page(0, 100)).entries.join()
    expect(stored).not.toMatch(/Ann Smith|Bob Jones|example\.com|192\.0\.2|Firefox\/|"abc"/)
    expect(stored).not.toContain(ann.id)
    expect(stored).not.toContain(bob.id)

    const { data } = await listAudit(deps, tenant, query())
    expect(data.map(({ seq }) => seq)).toEqual([3, 2, 1])
    expect(data[0]).toMatchObject({ actor: { label: 'Bob Jones' }, target: { label: 'Bob Jones', user_id: bob.id } })
    const sealed = (await everything(rpc)).map(({ personal, target_personal }) => [
      personal?.person,
      target_personal?.person,
    ])
    const [ofAnn, ofBob] = [data[1]?.actor.id, data[1]?.target.id]
    expect(sealed).toEqual([
      [ofAnn, undefined],
      [ofAnn, ofBob],
      [ofBob, undefined],
    ])
    expect(data[1]).toMatchObject({
      actor: { type: 'user', id: expect.stringMatching(/^per_/), label: 'Ann Smith', user_id: ann.id, email: 'ann@example.com', erased: false },
      target: { type: 'user', label: 'Bob Jones', user_id: bob.id, erased: false },
      origin: { ip: '192.0.2.7', user_agent: 'Firefox/150' },
    }) // prettier-ignore
    expect(data[2]).toMatchObject({
      target: { id: 'key_1', label: 'CI' },
      after: { scopes: ['read'], hash: '[redacted]' },
    })
    expect(await verified(tenant)).toMatchObject({ ok: true, counts: { entries: 3, opened: 3, signed: { seq: 3 } } })

    await forgetPerson(deps, bob.id, bob.email)
    const later = (await listAudit(deps, tenant, query())).data
    expect(later[0]).toMatchObject({
      actor: { type: 'user', label: null, user_id: null, email: null, erased: true },
      target: { label: null, user_id: null, erased: true },
      origin: null,
    })
    expect(later[1]).toMatchObject({ actor: { label: 'Ann Smith' }, target: { label: null, erased: true } })
    let text = ''
    for await (const piece of exportAudit(deps, tenant)) text += piece
    expect(text).toContain('Ann Smith')
    expect(text).not.toMatch(/Bob|Jones|bob@/)
    expect(text).not.toContain(bob.id)
    expect(await verified(tenant)).toMatchObject({ ok: true, counts: { entries: 3, opened: 2 } })
  })

  it('give one person one pseudonym, also to calls at the same time', async () => {
    const { tenant } = freshLog()
    const { ann } = personsOf()
    await Promise.all(Array.from({ length: 20 }, () => record(deps, tenant, recordOf({ actor: ann }))))
    const { data } = await listAudit(deps, tenant, query())
    expect(new Set(data.map(({ actor }) => actor.id)).size).toBe(1)
    expect(data.every(({ actor }) => actor.label === 'Ann Smith')).toBe(true)
  })

  it('seal where keys call from, and whom an invitation goes to', async () => {
    const { tenant, rpc } = freshLog()
    const { ann } = personsOf()
    const email = `${crypto.randomUUID()}@example.com`
    await record(deps, tenant, recordOf({ actor: { type: 'key', id: 'key_9', label: 'CI' } }))
    await record(deps, tenant, recordOf({ actor: ann, action: 'invitation.create', target: { type: 'invitation', id: 'inv_1', label: email }, after: { email } })) // prettier-ignore
    await record(
      deps,
      tenant,
      recordOf({ actor: { type: 'system', id: 'retention', label: 'Retention' }, origin: null }),
    )
    expect((await rpc.page(0, 100)).entries.join()).not.toMatch(/192\.0|Firefox|@example/)
    const [system, invited, key] = (await listAudit(deps, tenant, query())).data
    expect(key).toMatchObject({ actor: { id: 'key_9', label: 'CI', erased: false }, origin: { ip: '192.0.2.7' } })
    expect(invited?.target).toMatchObject({ id: 'inv_1', label: email, erased: false })
    expect(system).toMatchObject({ actor: { label: 'Retention', erased: false }, origin: null })
    await forgetPerson(deps, 'the account they made later', email.toUpperCase())
    const [, forgotten] = (await listAudit(deps, tenant, query())).data
    expect(forgotten).toMatchObject({ actor: { label: 'Ann Smith' }, target: { label: null, erased: true } })
  })

  it('with an id of their own are kept once', async () => {
    const { tenant } = freshLog()
    const { ann } = personsOf()
    const first = await record(deps, tenant, recordOf({ id: 'one', actor: ann }))
    expect(await record(deps, tenant, recordOf({ id: 'one', actor: ann }))).toEqual(first)
    expect(await record(deps, tenant, recordOf({ actor: ann }))).toMatchObject({ seq: 2 })
  })
})

describe('lists', () => {
  it('filter by who, what, whom, agent and time, newest first', async () => {
    const { tenant } = freshLog()
    const { ann, bob } = personsOf()
    const at = (minute: number) => Date.parse('2026-11-23T12:00:00Z') + minute * 60_000
    await record(deps, tenant, recordOf({ at_ms: at(0), actor: ann, action: 'key.create' }))
    await record(deps, tenant, recordOf({ at_ms: at(1), actor: bob, action: 'key.revoke', agent_id: 'a1' }))
    await record(deps, tenant, recordOf({ at_ms: at(2), actor: ann, action: 'keyring.open', target: bob }))
    await record(
      deps,
      tenant,
      recordOf({ at_ms: at(3), actor: { type: 'key', id: 'key_9', label: 'CI' }, agent_id: 'a1' }),
    )
    const seqs = async (more: Parameters<typeof query>[0]) =>
      (await listAudit(deps, tenant, query(more))).data.map(({ seq }) => seq)
    const pseudonym = (await deps.persons.bySubject([ann.id]))[0]?.person ?? ''
    expect(await seqs({ actor: ann.id })).toEqual([3, 1])
    expect(await seqs({ actor: pseudonym })).toEqual([3, 1])
    expect(await seqs({ actor: 'key_9' })).toEqual([4])
    expect(await seqs({ actor: 'nobody' })).toEqual([])
    expect(await seqs({ action: 'key.' })).toEqual([4, 2, 1])
    expect(await seqs({ action: 'key' })).toEqual([4, 3, 2, 1])
    expect(await seqs({ action: 'key.revoke' })).toEqual([2])
    expect(await seqs({ agent_id: 'a1' })).toEqual([4, 2])
    expect(await seqs({ target: bob.id })).toEqual([3])
    expect(await seqs({ target: 'key_1' })).toEqual([4, 2, 1])
    expect(await seqs({ from: '2026-11-23T12:01:00Z', to: '2026-11-23T13:03:00+01:00' })).toEqual([3, 2])
    expect(await seqs({ actor: ann.id, action: 'key.', agent_id: 'a1' })).toEqual([])
  })

  it('are read page by page, each entry once, while others are appended', async () => {
    const { tenant, rpc, append } = freshLog()
    await rpc.append(
      tenant,
      Array.from({ length: 25 }, (_, i) => ({ id: `r${i}`, draft: draft() })),
    )
    const seen: number[] = []
    let cursor: string | null = null
    do {
      const page = await listAudit(deps, tenant, query({ limit: '10', ...(cursor !== null && { cursor }) }))
      seen.push(...page.data.map(({ seq }) => seq))
      cursor = page.next_cursor
      await append(`while ${seen.length}`)
    } while (cursor !== null)
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i))
  })
})
