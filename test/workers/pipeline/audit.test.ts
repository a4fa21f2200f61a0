import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { isSigned } from '../../../scripts/runtime/signing-key.ts'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { keepCheckpoint } from '../../../workers/adapters/r2/checkpoints.ts'
import { Checkpoint, type AuditEntry, type TenantAuditRpc } from '../../../workers/contract/audit.ts'
import type { Tenant } from '../../../workers/contract/tenant.ts'
import { checkpointBody, entryHash, GENESIS } from '../../../workers/domain/audit/chain.ts'
import { TenantAudit } from '../../../workers/pipeline/objects/tenant-audit.ts'
import { bindings, draft, everything, freshLog, objectOf, verified } from '../../support/audit-log.ts'

const HOUR_MS = 3_600_000

function expectUnbroken(entries: AuditEntry[]): void {
  let last = GENESIS
  for (const entry of entries) {
    if (entry.seq !== last.seq + 1 || entry.prev_hash !== last.hash || entry.hash !== entryHash(entry, sha256Hex))
      throw new Error(`entry ${entry.seq} does not follow ${last.seq}`)
    last = entry
  }
}

const checkpointsIn = async ({ cell, org_id }: Tenant) =>
  (await cellFor(bindings, cell).bucket.list({ prefix: `audit/${org_id}/checkpoints/` })).objects.map(({ key }) => key)

describe('the chain', () => {
  it('of 10,000 entries that many callers append at once is one, and its length costs nothing', async () => {
    const { tenant, rpc } = freshLog()
    const caller = async (name: number) => {
      const links = []
      for (let i = 0; i < 25; i++)
        links.push(
          ...(await rpc.append(
            tenant,
            [0, 1].map((n) => ({ id: `${name}-${i}-${n}`, draft: draft({ request_id: `${name}` }) })),
          )),
        )
      return links
    }
    const crowd = async (first: number) => {
      const start = Date.now()
      const links = await Promise.all(Array.from({ length: 100 }, (_, i) => caller(first + i)))
      return { links: links.flat(), ms: Date.now() - start }
    }
    const [half, other] = [await crowd(0), await crowd(100)]
    const links = [...half.links, ...other.links]
    expect(new Set(links.map(({ seq }) => seq)).size).toBe(10_000)
    const entries = await everything(rpc)
    expect(entries).toHaveLength(10_000)
    expectUnbroken(entries)
    // What each caller was told is what stands in the chain, and in the order of its calls.
    for (const { seq, hash } of links) expect(entries[seq - 1]?.hash).toBe(hash)
    expect(new Set(entries.slice(0, 1000).map((entry) => entry.request_id)).size).toBeGreaterThan(50)
    // Compared with itself, since a busy machine is slow for both halves.
    expect(other.ms).toBeLessThan(4 * half.ms)
    await runDurableObjectAlarm(objectOf(tenant))
    expect(await verified(tenant)).toMatchObject({ ok: true, counts: { entries: 10_000, signed: { seq: 10_000 } } })
    expect((await checkpointsIn(tenant)).length).toBeGreaterThanOrEqual(10)
  }, 120_000)

  it('takes a record once, whoever sends it again and whatever it then says', async () => {
    const { tenant, rpc, append, object } = freshLog()
    const [first] = await append('a')
    const [second] = await append('b')
    expect(await append('a', { action: 'other.thing' })).toEqual([first])
    await evictDurableObject(object)
    expect(await append('b')).toEqual([second])
    const both = [{ id: 'c', draft: draft() }, { id: 'c', draft: draft() }] // prettier-ignore
    const [c, again] = await rpc.append(tenant, both)
    expect(again).toEqual(c)
    expect(await Promise.all(Array.from({ length: 20 }, () => append('d')))).toEqual(
      Array(20).fill([{ ...c, seq: 4, hash: expect.any(String) }]),
    )
    expect(await everything(rpc)).toHaveLength(4)
  })

  it('goes on after an eviction where it was', async () => {
    const { rpc, append, object } = freshLog()
    for (let i = 0; i < 6; i++) {
      await append(`r${i}`)
      if (i % 2) await evictDurableObject(object)
    }
    const entries = await everything(rpc)
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    expectUnbroken(entries)
  })

  it('keeps all records of a call or none', async () => {
    const { tenant, rpc, append, object } = freshLog()
    await append('a')
    await runInDurableObject(object, async (instance) => {
      const bad = [{ id: 'b', draft: draft() }, { id: 'c', draft: draft({ after: { lone: '\ud800' } }) }] // prettier-ignore
      await expect((instance as TenantAuditRpc).append(tenant, bad)).rejects.toThrow('surrogate')
      await expect((instance as TenantAuditRpc).append({ ...tenant, org_id: 'org_other' }, [])).rejects.toThrow(
        'another',
      )
      await expect((instance as TenantAuditRpc).append({ ...tenant, cell: 'us' }, [])).rejects.toThrow('another')
    })
    expect(await everything(rpc)).toHaveLength(1)
    expect(await append('b')).toMatchObject([{ seq: 2 }])
  })
})

describe('checkpoints', () => {
  it('come within the hour, lie in the bucket of the cell, and verify', async () => {
    const { tenant, rpc, append, object } = freshLog('eu')
    await append('a')
    await append('b')
    const alarm = await runInDurableObject(object, (_, state) => state.storage.getAlarm())
    expect(alarm).toBeGreaterThan(Date.now() + HOUR_MS - 60_000)
    expect(alarm).toBeLessThanOrEqual(Date.now() + HOUR_MS)
    expect(await runDurableObjectAlarm(object)).toBe(true)
    const name = `audit/${tenant.org_id}/checkpoints/000000000002.json`
    expect(await checkpointsIn(tenant)).toEqual([name])
    expect(await cellFor(bindings, 'global').bucket.head(name)).toBeNull()
    const checkpoint = Checkpoint.parse(await (await cellFor(bindings, 'eu').bucket.get(name))?.json())
    const [, second] = await everything(rpc)
    expect(checkpoint).toMatchObject({ v: 1, org_id: tenant.org_id, seq: 2, hash: second?.hash })
    const key = (await rpc.publicKey()) ?? ''
    expect(isSigned(key, checkpointBody(checkpoint), checkpoint.signature)).toBe(true)
    expect(isSigned(key, checkpointBody({ ...checkpoint, seq: 3 }), checkpoint.signature)).toBe(false)
    // Without new entries nothing is signed, and nothing wakes the object.
    expect(await runDurableObjectAlarm(object)).toBe(false)
    await append('c')
    expect(await runDurableObjectAlarm(object)).toBe(true)
    expect(await checkpointsIn(tenant)).toHaveLength(2)
  })

  it('come at once when a thousand entries wait, at each full thousand', async () => {
    const { tenant, rpc, object } = freshLog()
    const records = Array.from({ length: 2100 }, (_, i) => ({ id: `r${i}`, draft: draft() }))
    await rpc.append(tenant, records)
    await vi.waitFor(async () => expect(await checkpointsIn(tenant)).toHaveLength(3), { timeout: 5000 })
    expect((await checkpointsIn(tenant)).map((name) => name.slice(-9, -5))).toEqual(['1000', '2000', '2100'])
    await evictDurableObject(object)
    expect((await rpc.page(0, 3000)).checkpoints).toEqual([])
    expect((await rpc.page(999, 3000)).checkpoints.map(({ seq }) => seq)).toEqual([1000])
  })

  it('are never written over: what was signed first stays, and a chain that differs is told', async () => {
    const { tenant, rpc, append, object } = freshLog()
    await append('a')
    const [entry] = await everything(rpc)
    const forged = { v: 1 as const, org_id: tenant.org_id, seq: 1, hash: 'f'.repeat(64), at: 'then', signature: 'x' }
    const { bucket } = cellFor(bindings, 'global')
    expect(await keepCheckpoint(bucket, forged)).toEqual(forged)
    expect(await keepCheckpoint(bucket, { ...forged, hash: entry?.hash ?? '' })).toEqual(forged)
    // Told, and tried again.
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    await runDurableObjectAlarm(object)
    expect(told.mock.calls.flat().join()).toMatch(/audit\.checkpoint.*signed before/)
    told.mockRestore()
    expect(await runInDurableObject(object, (_, state) => state.storage.getAlarm())).toBeGreaterThan(Date.now())
  })

  it('are not signed over entries that were changed where they lie; the export comes out and names the first', async () => {
    const { tenant, append, object } = freshLog()
    for (const id of ['a', 'b', 'c', 'd']) {
      await append(id)
      if (id === 'b') await runDurableObjectAlarm(object)
    }
    await runInDurableObject(object, (_, state) => {
      state.storage.sql.exec(`UPDATE entry SET entry = replace(entry, '"n":1', '"n":2') WHERE seq = 3`)
    })
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    await runDurableObjectAlarm(object)
    expect(told.mock.calls.flat().join()).toMatch(/audit\.checkpoint.*entry 3 does not follow entry 2/)
    expect(await verified(tenant)).toMatchObject({ ok: false, reason: 'hash', seq: 3, counts: { checkpoints: 1 } })
    told.mockRestore()
    expect(await checkpointsIn(tenant)).toHaveLength(1)
  })

  it('are not written without a key; that is told once, and entries are appended', async () => {
    const { tenant, object, rpc } = freshLog()
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    await runInDurableObject(object, async (_, state) => {
      const keyless = new TenantAudit(state, { ...bindings, AUDIT_SIGNING_KEY: '' })
      expect(await keyless.append(tenant, [{ id: 'a', draft: draft() }])).toMatchObject([{ seq: 1 }])
      await keyless.alarm()
      await keyless.alarm()
      expect(await keyless.publicKey()).toBeNull()
      expect(await keyless.sealHead()).toMatchObject({ seq: 1 })
    })
    const lines = told.mock.calls.flat().filter((line) => String(line).includes('audit.no_signing_key'))
    told.mockRestore()
    expect(lines).toHaveLength(1)
    expect(await checkpointsIn(tenant)).toEqual([])
    expect(await everything(rpc)).toHaveLength(1)
  })
})
