import { createHash, verify, createPublicKey } from 'node:crypto'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { archiveStore } from '../../../workers/adapters/d1/archive-source.ts'
import { jobStore } from '../../../workers/adapters/d1/job-store.ts'
import type { ReportRow } from '../../../workers/domain/report/report.ts'
import { reportStore } from '../../../workers/adapters/d1/report-store.ts'
import { viewStore } from '../../../workers/adapters/d1/view-store.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { parquetArchive } from '../../../workers/adapters/r2/archive.ts'
import { certificates } from '../../../workers/adapters/r2/certificates.ts'
import { deadLetters } from '../../../workers/adapters/r2/dead-letters.ts'
import { canonicalJson } from '../../../workers/domain/audit/canonical-json.ts'
import { BudgetCreate } from '../../../workers/contract/budget.ts'
import { ControlCreate } from '../../../workers/contract/control.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { Cell, ProjectTenant } from '../../../workers/contract/tenant.ts'
import { erasureWork } from '../../../workers/pipeline/jobs/deps-erasure.ts'
import { paramsOf, queryOf, type SavedRow } from '../../../workers/domain/saved-view.ts'
import { startErasure } from '../../../workers/services/erasure/start.ts'
import { SETTLE_MS } from '../../../workers/services/erasure/work.ts'
import type { Job } from '../../../workers/services/job/port.ts'
import { advanceJob } from '../../../workers/services/job/run.ts'
import { archiveShard } from '../../../workers/services/recovery/archive.ts'
import { everything, objectOf } from '../../support/audit-log.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'
import { accept, heldQueues, livingTenant, real } from '../../support/moving.ts'
import { storedIn, storedInObjects, type Stored } from '../../support/stored.ts'

const HOUR_MS = 3_600_000
const shardOf = (tenant: { cell: Cell; shard: number }) => cellFor(real, tenant.cell).shard(tenant.shard)
const store = jobStore(shardOf)
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** The person is named where agents name people, and where they should not. */
function theirEvents(person: string, mark: string): CanonicalEvent[] {
  const [first, ...rest] = traceEvents(`t1-${mark}`, 3, 1_000_003).map(({ user_id: _, ...event }) => event)
  if (first === undefined) throw new Error('no event')
  const words = { input: { text: 'her secret question' }, attributes: { customer: { mail: person } } }
  return [
    // Only the root says whose trace it is.
    { ...first, ...words, output: 'her secret answer', session_id: `session-${mark}` },
    ...rest.map((event) =>
      event.span_id === 'root' ? { ...event, user_id: person, error_message: 'her secret' } : event,
    ),
    ...traceEvents(`chat-${person}-${mark}`, 1, 7).map((event) => ({ ...event, user_id: person, agent_id: person })),
    ...traceEvents(`t3-${mark}`, 1, 11).map((event) => ({
      ...event,
      user_id: 'somebody-else',
      event_id: `${person}/${mark}/${event.span_id}`,
      input: `please write to ${person}, quickly`,
      attributes: { [person]: [person], kept: 'others keep theirs' },
    })),
  ]
}

/** A tenant with the person in every store there is. */
async function tenantWith(cell: Cell, person: string) {
  const tenant = await livingTenant(cell)
  const queues = heldQueues()
  const { bucket } = cellFor(real, cell)
  const batches = [1, 2].map((n) => makeBatch(tenant, theirEvents(person, `${tenant.org_id}-${n}`)))
  await queues.deliver(cell, batches.map(envelopeOf))
  while (await rollupStore(shardOf(tenant)).roll(tenant.org_id));
  await archiveShard({ ...archiveStore(shardOf(tenant)), ...parquetArchive(bucket) }, Date.now() + 2 * HOUR_MS)
  const dead = makeBatch(tenant, theirEvents(person, `${tenant.org_id}-dead`))
  await deadLetters(bucket).put(envelopeOf(dead), 'tested', 7, cell)
  await accept(queues, makeBatch(tenant, theirEvents(person, `${tenant.org_id}-waits`)), true)
  await budgetsOf(tenant, person)
  await viewStore(shardOf).add(tenant, viewOf(person), 1)
  await reportStore(shardOf).add(tenant, reportOf(person), 1)
  await bucket.put(`exports/${tenant.org_id}/exp_1/ledger.ndjson`, person)
  return { tenant, queues }
}

/** A saved view that names the person, by an id that a URL would hold percent-encoded. */
const viewOf = (person: string): SavedRow => ({
  ...{ id: 'viw_1', kind: 'view', name: `What ${person} does`, ownerId: 'usr_1', shared: true, page: 'operations' },
  ...{ panels: null, params: [...paramsOf(`range=7d&user_id=${encodeURIComponent(person)}&agent_id=support`)] },
  ...{ createdMs: 1, updatedMs: 1, version: 1 },
})

const reportOf = (person: string): ReportRow => ({
  ...{ id: 'rpt_1', name: `Of ${person}`, ownerId: 'usr_1', zone: 'UTC', format: 'pdf', recipients: ['usr_1'] },
  ...{ shown: { page: 'operations', params: [['user_id', person]] }, timing: { every: 'day', hour: 9 } },
  ...{ origin: 'https://ops.acme.io', paused: null, nextMs: 9e15, askedMs: null, turn: 0, taken: false, attempts: 0 },
  ...{ mailing: false, last: null, createdMs: 1, updatedMs: 1, version: 1 },
})

/** The person in each table of TenantBudget that can name one. */
async function budgetsOf(tenant: ProjectTenant, person: string): Promise<void> {
  const budget = cellFor(real, tenant.cell).object(real.TENANT_BUDGET, tenant.org_id)
  const scope = { type: 'user', id: person }
  const limit = BudgetCreate.parse({ name: `For ${person}`, scope, period: 'month', limit_usd: '1000' })
  await budget.create(tenant, 'bdg_1', 'UTC', limit)
  const until = new Date(Date.now() + HOUR_MS).toISOString()
  await budget.ask('bdg_1', 'ext_1', { amount_usd: '1', until, reason: `asked for by ${person}` }, person)
  await budget.decide('ext_1', true, person)
  const rails = { name: `Of ${person}`, scope: { type: 'agent', id: person }, retries_max: 9 }
  await budget.createControl(tenant, 'ctl_1', ControlCreate.parse(rails))
  const work = { estimate_usd: '0.1', agent_id: person, user_id: person, trace_id: `chat-${person}` }
  await budget.reserve(tenant, [{ ...work, idempotency_key: person, model: 'gpt-4o', provider: 'openai' }])
  await runInDurableObject(budget as unknown as DurableObjectStub, (_, { storage }) => {
    // What is settled leaves within seconds; here it is found on its way.
    const row = [tenant.project_id, tenant.workspace_id, JSON.stringify([{ user_id: person }])]
    storage.sql.exec('INSERT INTO outgoing (project_id, workspace_id, events) VALUES (?, ?, ?)', ...row)
    for (const table of ['budget', 'extension', 'control', 'reservation', 'counter', 'outgoing'])
      expect([table, JSON.stringify(storage.sql.exec(`SELECT * FROM ${table}`).toArray())]).toEqual([
        table,
        expect.stringContaining(person),
      ])
  })
}

async function booksOf(tenant: ProjectTenant) {
  const sums = async (table: string, more = '') => {
    const row = await shardOf(tenant)
      .prepare(
        `SELECT count(*) AS n, CAST(sum(cost_nanousd) AS TEXT) AS money, sum(tokens_prompt) AS tokens FROM ${table} WHERE project_id = ?1${more}`,
      )
      .bind(tenant.project_id)
      .first()
    return row
  }
  const counters = await cellFor(real, tenant.cell)
    .object(real.TENANT_BUDGET, tenant.org_id)
    .snapshot({ from_ms: 0, to_ms: Date.now() * 2 })
  return {
    ledger: await sums('ledger'),
    traces: await sums('trace'),
    requests: await sums('rollup', ` AND kind = 'request'`),
    users: await shardOf(tenant)
      .prepare(
        `SELECT CAST(sum(cost_nanousd) AS TEXT) AS money, sum(n) AS n FROM rollup WHERE project_id = ?1 AND kind = 'user'`,
      )
      .bind(tenant.project_id)
      .first(),
    budget: counters.filter(({ scope }) => scope === 'org' || scope === 'model'),
    budgetOfUsers: counters
      .filter(({ scope }) => scope === 'user')
      .reduce((sum, { cost_nanousd }) => sum + BigInt(cost_nanousd), 0n)
      .toString(),
  }
}

const begin = (tenant: ProjectTenant, person: string) =>
  startErasure(
    {
      store,
      wake: async () => {},
      now: () => Date.now(),
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      sha256,
      certificate: async () => null,
    },
    tenant,
    person,
  )

/** Goes on until the end; `killed`: each unit once as if it had died before it was noted, and then once more. */
async function runErasure(
  tenant: ProjectTenant,
  { killed = false, between }: { killed?: boolean; between?: (job: Job) => Promise<void> } = {},
): Promise<Job> {
  let skippedMs = 0
  const now = () => Date.now() + skippedMs
  for (let units = 0; units < 500; units++) {
    const job = await store.next(tenant)
    if (job === null) return (await store.list(tenant, 'erasure', 1))[0] as Job
    await between?.(job)
    if (job.step === 'settle') skippedMs += SETTLE_MS
    const work = erasureWork(real, tenant, now)
    if (killed) await work.unit(structuredClone(job))
    await advanceJob(store, tenant, work, job, now)
  }
  throw new Error('the erasure has no end')
}

const mentioning = (all: Stored[], tenant: ProjectTenant, words: string[]) =>
  all
    .filter(({ where, text }) => `${where} ${text}`.includes(tenant.org_id) || text.includes(tenant.project_id))
    .filter(({ where, text }) => words.some((word) => `${where} ${text}`.includes(word)))
    .map(({ where }) => where)

describe.each([
  ['global', false],
  ['eu', true],
] as const)('erasing a person in %s, killed after every unit: %s', (cell, killed) => {
  it('leaves their id in no store, and every sum as it was', async () => {
    const person = `ann-${crypto.randomUUID().slice(0, 8)}@example.com`
    const { tenant } = await tenantWith(cell, person)
    const neighbour = (await tenantWith(cell, person)).tenant
    const stored = [...(await storedIn(cell)), ...(await storedInObjects(tenant))]
    const places = new Set(mentioning(stored, tenant, [person]).map((where) => where.split(/[/ ]/)[1] ?? where))
    // The test can only fail if they are in all of these.
    const kinds = mentioning(stored, tenant, [person]).map((where) => where.replace(/^table /, '').split(/[/ ]/)[0])
    expect(new Set(kinds)).toEqual(
      new Set([
        'batch',
        'delta',
        'ledger',
        'report',
        'rollup',
        'saved_view',
        'trace',
        'archive',
        'dead',
        'journal',
        'exports',
        'LiveFeed',
        'TenantBudget',
      ]),
    )
    expect(places.size).toBeGreaterThan(0)
    const [before, untouched] = [await booksOf(tenant), await booksOf(neighbour)]

    const { proof } = await begin(tenant, person)
    const job = await runErasure(tenant, { killed })

    expect(job).toMatchObject({ state: 'done', detail: null })
    const after = [...(await storedIn(cell)), ...(await storedInObjects(tenant))]
    const words = [person, 'her secret', `session-${tenant.org_id}`]
    expect(mentioning(after, tenant, words)).toEqual([])
    expect(mentioning(after, neighbour, [person]).length).toBeGreaterThan(8)
    expect(await booksOf(tenant)).toEqual(before)
    expect(await booksOf(neighbour)).toEqual(untouched)
    expect(mentioning(after, tenant, ['somebody-else']).length).toBeGreaterThan(5)
    expect(mentioning(after, tenant, ['others keep theirs']).length).toBeGreaterThan(2)

    const [view] = await viewStore(shardOf).list(tenant)
    expect(queryOf(view?.params ?? [])).toBe('range=7d&user_id=erased&agent_id=support')
    expect(view?.name).toMatch(/^What erased_\S+ does$/)
    const [report] = await reportStore(shardOf).list(tenant)
    expect(report?.shown.params).toEqual([['user_id', 'erased']])
    expect(report).toMatchObject({ format: 'pdf', zone: 'UTC', recipients: ['usr_1'] })

    const certificate = await certificates(cellFor(real, cell).bucket).find(tenant.org_id, job.id)
    if (certificate === null) throw new Error('no certificate')
    const { signature, ...body } = certificate
    const key = createPublicKey({ key: Buffer.from(body.public_key ?? '', 'base64'), format: 'der', type: 'spki' })
    expect(verify(null, Buffer.from(canonicalJson(body)), key, Buffer.from(signature ?? '', 'base64'))).toBe(true)
    expect(body.subject_digest).toBe(sha256(`${proof}\n${person}`))
    expect(body.check).toEqual({ rounds: 1, found: 0 })
    // What was done and not noted is not counted a second time.
    expect(body.stores.find(({ store: name }) => name === 'exports')?.removed).toBe(killed ? 0 : 1)
    const log = await everything(objectOf(tenant))
    expect(JSON.stringify(log)).toContain('erasure.done')
    expect(JSON.stringify(log)).not.toContain(person)
  })
})

describe('erasing a person', () => {
  it('searches again while agents go on naming them, and says so when they never stop', async () => {
    const person = `bob-${crypto.randomUUID().slice(0, 8)}`
    const { tenant, queues } = await tenantWith('global', person)
    await begin(tenant, person)
    let serial = 0
    const between = async ({ step, cursor }: Job) => {
      if (step !== 'check_tables' || Object.keys(cursor).length > 0) return
      await queues.deliver('global', [
        envelopeOf(makeBatch(tenant, theirEvents(person, `${tenant.org_id}-late-${serial++}`))),
      ])
    }
    const job = await runErasure(tenant, { between })
    expect(job.numbers['check']?.['rounds']).toBe(3)
    expect(job.numbers['check']?.['found']).toBeGreaterThan(0)
  })

  it('waits for batches that were accepted before', async () => {
    const person = `eve-${crypto.randomUUID().slice(0, 8)}`
    const { tenant, queues } = await tenantWith('global', person)
    const late = makeBatch(tenant, theirEvents(person, `${tenant.org_id}-slow`))
    const feed = cellFor(real, 'global').object(real.LIVE_FEED, tenant.project_id)
    await feed.accepted([{ batch_id: late.header.batch_id, events: late.events.length, received_ms: Date.now() - 10 }])
    await begin(tenant, person)
    const work = erasureWork(real, tenant)
    const first = await store.next(tenant)
    if (first === null) throw new Error('no job')
    const waiting = await advanceJob(store, tenant, work, first, () => Date.now())
    expect(waiting).toMatchObject({ step: 'wait', cursor: { waiting: true } })
    await queues.deliver('global', [envelopeOf(late)])
    const job = await runErasure(tenant)
    expect(job.numbers['check']).toEqual({ rounds: 1, found: 0 })
    expect(mentioning(await storedIn('global'), tenant, [person])).toEqual([])
  })

  it('is carried out by an object, from alarm to alarm', async () => {
    const person = `kim-${crypto.randomUUID().slice(0, 8)}`
    const { tenant } = await tenantWith('us', person)
    await begin(tenant, person)
    const object = cellFor(real, 'us').object(real.ORG_JOBS, tenant.org_id)
    await object.run(tenant)
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(object)
        expect((await store.next(tenant))?.step).toBe('settle')
      },
      { timeout: 10_000 },
    )
    expect(mentioning(await storedIn('us'), tenant, [person])).toEqual([expect.stringMatching(/^table job$/)])
  })
})
