import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { archiveStore } from '../../../workers/adapters/d1/archive-source.ts'
import { jobStore } from '../../../workers/adapters/d1/job-store.ts'
import { ledgerTotal } from '../../../workers/adapters/d1/ledger-total.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { parquetArchive } from '../../../workers/adapters/r2/archive.ts'
import { deadLetters } from '../../../workers/adapters/r2/dead-letters.ts'
import { DeletionCertificate } from '../../../workers/contract/deletion.ts'
import type { Cell, ProjectTenant } from '../../../workers/contract/tenant.ts'
import { canonicalJson } from '../../../workers/domain/audit/canonical-json.ts'
import { deletionWork, startPurges } from '../../../workers/pipeline/jobs/deps-deletion.ts'
import type { PurgeDeps } from '../../../workers/services/deletion/port.ts'
import { UNDO_MS } from '../../../workers/services/deletion/request.ts'
import { deletion } from '../../../workers/services/deletion/work.ts'
import type { Job } from '../../../workers/services/job/port.ts'
import { advanceJob } from '../../../workers/services/job/run.ts'
import { archiveShard } from '../../../workers/services/recovery/archive.ts'
import { draft, objectOf } from '../../support/audit-log.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'
import { accept, heldQueues, livingTenant, real } from '../../support/moving.ts'
import { storedIn, storedInObjects, type Stored } from '../../support/stored.ts'

const DAY_MS = 86_400_000
const shardOf = ({ cell, shard }: { cell: Cell; shard: number }) => cellFor(real, cell).shard(shard)
const store = jobStore(shardOf)

/** Adds another project to a tenant, with events, rollups, an archive, a dead letter, and a batch that waits. */
async function filled(tenant: ProjectTenant) {
  const queues = heldQueues()
  const { bucket } = cellFor(real, tenant.cell)
  for (const n of [1, 2])
    await queues.deliver(tenant.cell, [
      envelopeOf(makeBatch(tenant, traceEvents(`t${n}-${tenant.project_id}`, 2, 1_000_001))),
    ])
  while (await rollupStore(shardOf(tenant)).roll(tenant.org_id));
  await archiveShard({ ...archiveStore(shardOf(tenant)), ...parquetArchive(bucket) }, Date.now() + 2 * 3_600_000)
  await deadLetters(bucket).put(
    envelopeOf(makeBatch(tenant, traceEvents(`d-${tenant.project_id}`, 1, 5))),
    'tested',
    7,
    tenant.cell,
  )
  await accept(queues, makeBatch(tenant, traceEvents(`w-${tenant.project_id}`, 1, 5)), true)
}

async function tenantWithTwo(cell: Cell) {
  const first = await livingTenant(cell)
  const second = { ...first, project_id: `${first.project_id}b` }
  await real.CONTROL.prepare(
    `INSERT INTO project (id, org_id, workspace_id, slug, name, created_ms) VALUES (?1, ?2, ?3, 'second', 'Second', 1)`,
  )
    .bind(second.project_id, first.org_id, first.workspace_id)
    .run()
  await filled(first)
  await filled(second)
  await (objectOf(first) as unknown as { append: (t: ProjectTenant, r: unknown[]) => Promise<unknown> }).append(first, [
    { id: 'x', draft: draft() },
  ])
  return { first, second }
}

async function deleteThen(column: 'project' | 'organization', id: string, ageMs: number) {
  await real.CONTROL.prepare(`UPDATE ${column} SET deleted_ms = ?2 WHERE id = ?1`)
    .bind(id, Date.now() - ageMs)
    .run()
  return startPurges(real, store, async () => {}, Date.now())
}

/** Goes on until the end; each unit once as if it had died before it was noted, and then once more. */
async function runPurge(tenant: ProjectTenant, killed: boolean): Promise<Job> {
  for (let units = 0; units < 500; units++) {
    const job = await store.next(tenant)
    if (job === null) return (await store.list(tenant, 'deletion', 1))[0] as Job
    const work = deletionWork(real, tenant)
    if (killed) await work.unit(structuredClone(job))
    await advanceJob(store, tenant, work, job, () => Date.now())
  }
  throw new Error('the removal has no end')
}

const naming = (all: Stored[], id: string) =>
  all.filter(({ where, text }) => `${where} ${text}`.includes(id)).map(({ where }) => where)

async function booksOf(tenant: ProjectTenant) {
  const row = await shardOf(tenant)
    .prepare(
      `SELECT count(*) AS n, CAST(sum(cost_nanousd) AS TEXT) AS money, sum(tokens_prompt) AS tokens, min(ts_ms) AS since, group_concat(DISTINCT model) AS models
       FROM ledger WHERE org_id = ?1`,
    )
    .bind(tenant.org_id)
    .first()
  const budget = cellFor(real, tenant.cell).object(real.TENANT_BUDGET, tenant.org_id)
  const total = await ledgerTotal(shardOf(tenant), tenant.org_id)
  return { row, difference: await budget.reconcile(total) }
}

describe('a deleted project', () => {
  it('is removed though another removal cannot begin', async () => {
    const { first } = await tenantWithTwo('us')
    const other = await livingTenant('us')
    const broken = (shard: number) =>
      real.CONTROL.prepare('UPDATE organization SET shard = ?2, deleted_ms = ?3 WHERE id = ?1')
        .bind(other.org_id, shard, shard === 99 ? 1 : null)
        .run()
    await broken(99)
    await deleteThen('project', first.project_id, UNDO_MS + DAY_MS)
    await broken(other.shard)
    expect((await store.next(first))?.id).toBe(`del_${first.project_id}`)
  })

  it('is looked for again after a pause while something is left of it', async () => {
    const left = { project: { left: async () => 1 } } as unknown as PurgeDeps
    const input = { project_id: 'p', projects: ['p'], owners: [], name: 'P', deleted_ms: 1 }
    const job = { step: 'check', cursor: {}, input, numbers: {} } as unknown as Job
    const work = deletion(left, { org_id: 'o', cell: 'eu', shard: 0 })
    expect(await work.unit(job)).toEqual({ waiting: true })
    const again = { ...job, cursor: { waiting: true } }
    expect(await work.unit(again)).toBeNull()
    expect(again.step).toBe('tables')
  })

  it('is left alone for seven days', async () => {
    const { first } = await tenantWithTwo('us')
    await deleteThen('project', first.project_id, UNDO_MS - DAY_MS)
    expect(await store.next(first)).toBeNull()
    // Whoever took it back at the last moment may not have been noted yet.
    await deleteThen('project', first.project_id, UNDO_MS + 60_000)
    expect(await store.next(first)).toBeNull()
  })

  it.each([
    ['global', false],
    ['eu', true],
  ] as const)('is removed from %s but for the books (killed: %s)', async (cell, killed) => {
    const { first, second } = await tenantWithTwo(cell)
    const before = await booksOf(first)
    await cellFor(real, cell).bucket.put(`exports/${first.org_id}/exp_1/events/${first.project_id}/0.ndjson.gz`, 'copy')
    const untouched = naming(await storedIn(cell), second.project_id).length
    await deleteThen('project', first.project_id, UNDO_MS + DAY_MS)
    expect((await store.next(first))?.id).toBe(`del_${first.project_id}`)
    const job = await runPurge(first, killed)
    expect(job).toMatchObject({ state: 'done', detail: null })
    const after = [...(await storedIn(cell)), ...(await storedInObjects(first))]
    const exact = new RegExp(`${first.project_id}(?!b)`)
    const left = after
      .filter(({ where, text }) => exact.test(`${where} ${text}`))
      .map(({ where }) => where.split('/')[0])
    // The books, this job, its certificate, the counters of the organization, and its audit log.
    expect(new Set(left)).toEqual(
      new Set([
        'table ledger',
        'table job',
        'certificates',
        `TenantBudget ${first.org_id}`,
        `TenantAudit ${first.org_id}`,
      ]),
    )
    expect(await booksOf(first)).toEqual(before)
    expect(before.difference).toEqual({ difference_nanousd: '0', entries_difference: 0 })
    expect(naming(await storedIn(cell), second.project_id).length).toBe(untouched)
    const object = await cellFor(real, cell).bucket.get(`certificates/${first.org_id}/${job.id}.json`)
    const { signature, ...body } = DeletionCertificate.parse(await object?.json())
    const key = createPublicKey({ key: Buffer.from(body.public_key ?? '', 'base64'), format: 'der', type: 'spki' })
    expect(verify(null, Buffer.from(canonicalJson(body)), key, Buffer.from(signature ?? '', 'base64'))).toBe(true)
    expect(body).toMatchObject({ what: 'project', project_id: first.project_id })
  })
})

describe('a deleted organization', () => {
  it.each([
    ['us', false],
    ['eu', true],
  ] as const)('leaves nothing in %s but a certificate for its owners (killed: %s)', async (cell, killed) => {
    const { first, second } = await tenantWithTwo(cell)
    const other = await tenantWithTwo(cell)
    await real.CONTROL.batch([
      real.CONTROL.prepare(
        `INSERT INTO user (id, name, email, created_at, updated_at) VALUES (?1, 'Ann', ?1, 1, 1)`,
      ).bind(`u-${first.org_id}`),
      real.CONTROL.prepare(`INSERT INTO member (org_id, user_id, role, created_ms) VALUES (?1, ?2, 'owner', 1)`).bind(
        first.org_id,
        `u-${first.org_id}`,
      ),
    ])
    const untouched = naming(await storedIn(cell), other.first.org_id).length
    await deleteThen('organization', first.org_id, UNDO_MS + DAY_MS)
    for (;;) {
      const job = await store.next(first)
      if (job === null) break
      const work = deletionWork(real, first)
      if (killed) await work.unit(structuredClone(job))
      const next = await advanceJob(store, first, work, job, () => Date.now())
      if (next.state === 'done' && work.isLast?.(next)) await store.removeAll(first)
    }
    const after = [...(await storedIn(cell)), ...(await storedInObjects(first)), ...(await storedInObjects(second))]
    const left = after
      .filter(({ where }) => !/^(TenantBudget|TenantAudit|OrgAlerts|OrgJobs|LiveFeed) /.test(where))
      .filter(({ where, text }) => `${where} ${text}`.includes(first.org_id) && !where.includes('table user'))
    expect(left.map(({ where }) => where)).toEqual(['table deletion_certificate'])
    const objects = after.filter(({ where }) => where.endsWith(first.org_id))
    // An audit log that was sealed for good says so, and holds nothing else.
    for (const { where, text } of objects)
      expect({ where, rows: /org_|prj_|t1-/.test(text) }).toEqual({ where, rows: false })
    expect(naming(await storedIn(cell), other.first.org_id).length).toBe(untouched)
    const row = await real.CONTROL.prepare('SELECT owners, certificate FROM deletion_certificate WHERE id = ?1')
      .bind(`del_${first.org_id}`)
      .first<{ owners: string; certificate: string }>()
    expect(JSON.parse(row?.owners ?? '[]')).toEqual([`u-${first.org_id}`])
    expect(DeletionCertificate.parse(JSON.parse(row?.certificate ?? '{}'))).toMatchObject({ what: 'organization' })
  })
})
