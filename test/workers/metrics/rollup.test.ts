import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { advanceProgress } from '../../../workers/adapters/d1/progress.ts'
import { rollupDays } from '../../../workers/adapters/d1/rollup-days.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { traceRollup } from '../../../workers/adapters/d1/trace-rollup.ts'
import { freshTenant } from '../../support/batches.ts'
import { randomEvents } from '../../support/metrics-fleet.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)

interface Books {
  cost: string
  entries: number
  prompt: number
}
interface Counts {
  n: number
  latency: number
  buckets: number
}

const books = (orgId: string, from: string) =>
  db
    .prepare(
      `SELECT CAST(sum(cost_nanousd) AS TEXT) AS cost, sum(${from === 'ledger' ? '1' : 'paid'}) AS entries, sum(tokens_prompt) AS prompt FROM ${from} AND org_id = ?1`.replace(
        'FROM ledger AND',
        'FROM ledger WHERE',
      ),
    )
    .bind(orgId)
    .first<Books>()

const counts = (orgId: string) =>
  db
    .prepare(
      `SELECT sum(n) AS n, sum(latency_n) AS latency, sum((SELECT sum(value) FROM json_each(latency_hist))) AS buckets FROM rollup WHERE org_id = ?1`,
    )
    .bind(orgId)
    .first<Counts>()

/** What one run left, as one text: equal texts are equal rollups. */
async function picture(orgId: string): Promise<string> {
  const rows = await db
    .prepare(
      'SELECT * FROM rollup WHERE org_id = ?1 ORDER BY kind, hour_ms, project_id, environment, agent_id, workflow_id, workflow_version, step, provider, model, prompt_version, tool_name, user_id, status, error_type',
    )
    .bind(orgId)
    .all()
  return JSON.stringify(rows.results)
}

async function rollAll(orgId: string): Promise<void> {
  while (await rollupStore(db).roll(orgId));
}

describe('roller', () => {
  it('leaves in each kind what the ledger holds, and in total all of it', async () => {
    const tenant = freshTenant()
    await commitEvents(db, tenant, randomEvents(31, 400, NOW - 30 * HOUR_MS, NOW), 25)
    await rollAll(tenant.org_id)
    const ledger = await books(tenant.org_id, 'ledger')
    expect(await books(tenant.org_id, `rollup WHERE kind = 'total'`)).toEqual(ledger)
    expect(await books(tenant.org_id, `rollup WHERE kind IN ('request', 'llm', 'tool', 'step', 'retry')`)).toEqual(
      ledger,
    )
    const summed = await counts(tenant.org_id)
    expect(summed?.buckets).toBe(summed?.latency)
  })

  it('gives the same rows however the deltas were cut into runs', async () => {
    const events = randomEvents(32, 240, NOW - 10 * HOUR_MS, NOW)
    const tenants = [freshTenant(), freshTenant()]
    for (const [i, tenant] of tenants.entries()) {
      await commitEvents(db, tenant, events, i === 0 ? 240 : 12)
      await rollAll(tenant.org_id)
    }
    const cost = await Promise.all(tenants.map((tenant) => books(tenant.org_id, `rollup WHERE kind = 'total'`)))
    expect(cost[1]).toEqual(cost[0])
    expect(await counts(tenants[1]?.org_id ?? '')).toEqual(await counts(tenants[0]?.org_id ?? ''))
  })

  it('merges once when two run at the same moment', async () => {
    const tenant = freshTenant()
    await commitEvents(db, tenant, randomEvents(33, 200, NOW - 5 * HOUR_MS, NOW), 20)
    await Promise.all(Array.from({ length: 4 }, () => rollAll(tenant.org_id)))
    expect(await books(tenant.org_id, `rollup WHERE kind = 'total'`)).toEqual(await books(tenant.org_id, 'ledger'))
  })

  it('changes nothing when it was overtaken between its read and its write', async () => {
    const tenant = freshTenant()
    await commitEvents(db, tenant, randomEvents(34, 60, NOW - HOUR_MS, NOW), 20)
    const overtaken = beforeBatch(async () => {
      await rollAll(tenant.org_id)
    })
    expect(await rollupStore(overtaken).roll(tenant.org_id)).toBe(true)
    expect(await books(tenant.org_id, `rollup WHERE kind = 'total'`)).toEqual(await books(tenant.org_id, 'ledger'))
  })

  it('has done nothing when it is killed before its write, and all of it after', async () => {
    const tenant = freshTenant()
    await commitEvents(db, tenant, randomEvents(35, 60, NOW - HOUR_MS, NOW), 20)
    const killed = beforeBatch(async () => {
      throw new Error('killed here')
    })
    await expect(rollupStore(killed).roll(tenant.org_id)).rejects.toThrow('killed here')
    expect(await picture(tenant.org_id)).toBe('[]')
    await rollAll(tenant.org_id)
    const once = await picture(tenant.org_id)
    await rollAll(tenant.org_id)
    expect(await picture(tenant.org_id)).toBe(once)
  })

  it('finds organizations with many waiting deltas or old ones, and leaves the others', async () => {
    const [busy, old, fresh] = [freshTenant(), freshTenant(), freshTenant()]
    await commitEvents(db, busy, randomEvents(36, 64, NOW - 60_000, NOW), 1)
    await commitEvents(db, old, randomEvents(37, 1, NOW - 700_000, NOW - 650_000), 1)
    await commitEvents(db, fresh, randomEvents(38, 63, NOW - 60_000, NOW), 1)
    const due = await rollupStore(db).due(NOW)
    expect(due).toContain(busy.org_id)
    expect(due).toContain(old.org_id)
    expect(due).not.toContain(fresh.org_id)
    await rollAll(busy.org_id)
    expect(await rollupStore(db).due(NOW)).not.toContain(busy.org_id)
  })

  it('writes few rows: one a group and run', async () => {
    const tenant = freshTenant()
    const event = randomEvents(39, 40, NOW - 600_000, NOW).map((e, i) => ({
      ...e,
      event_type: 'agent.step.completed' as const,
      model: 'm1',
      provider: 'p',
      status: 'ok' as const,
      agent_id: 'a',
      workflow_id: 'w',
      workflow_version: 'v',
      step: 's',
      environment: 'e',
      prompt_version: 'p',
      user_id: 'u',
      cost_nanousd: i,
      attempt: 0,
      scores: undefined,
      egress_host: undefined,
      pii_detected: undefined,
      pii_redacted: undefined,
      queue_depth: undefined,
    }))
    await commitEvents(db, tenant, event, 40)
    await rollAll(tenant.org_id)
    const rows = await db
      .prepare('SELECT kind, count(*) AS n FROM rollup WHERE org_id = ?1 GROUP BY kind')
      .bind(tenant.org_id)
      .all()
    expect(rows.results).toEqual([
      { kind: 'llm', n: 1 },
      { kind: 'total', n: 1 },
      { kind: 'user', n: 1 },
    ])
  })

  it('packs no day while a delta that reaches into it waits', async () => {
    const tenant = freshTenant()
    await commitEvents(db, tenant, randomEvents(42, 80, NOW - 60 * HOUR_MS, NOW), 20)
    await rollAll(tenant.org_id)
    const packedTo = async () =>
      (
        await db
          .prepare(`SELECT seq FROM progress WHERE org_id = ?1 AND job = 'rollup_day'`)
          .bind(tenant.org_id)
          .first<{ seq: number }>()
      )?.seq
    const late = beforeBatch(async () => {
      await commitEvents(
        db,
        tenant,
        randomEvents(43, 1, NOW - 50 * HOUR_MS, NOW - 40 * HOUR_MS).map((e) => ({ ...e, trace_id: 'late' })),
        1,
      )
    })
    await rollupDays(late, 1).pack(NOW)
    expect(await packedTo()).toBeUndefined()
    await rollupDays(db, 1).pack(NOW)
    expect(await packedTo()).toBe(Date.UTC(2026, 10, 20))
  })

  it('prunes deltas that are old and that every job has passed, no others', async () => {
    const tenant = freshTenant()
    const old = NOW - 4 * 24 * HOUR_MS
    await commitEvents(db, tenant, randomEvents(40, 20, old, old + HOUR_MS), 10)
    await commitEvents(db, tenant, randomEvents(41, 20, NOW - HOUR_MS, NOW), 10)
    const left = async () =>
      (await db.prepare('SELECT count(*) AS n FROM delta WHERE org_id = ?1').bind(tenant.org_id).first<{ n: number }>())
        ?.n
    await rollAll(tenant.org_id)
    await rollupStore(db).prune(NOW)
    expect(await left(), 'the archive has not passed them').toBe(4)
    while (await traceRollup(db).roll(tenant.org_id));
    for (const job of ['archive', 'budget']) await advanceProgress(db, tenant.org_id, job, 0, NOW).run()
    await rollupStore(db).prune(NOW)
    expect(await left()).toBe(2)
  })
})

/** The shard, with something that happens right before each batch. */
function beforeBatch(happen: () => Promise<void>): D1Database {
  return new Proxy(db, {
    get(inner, name) {
      const member = (inner[name as keyof D1Database] as (...a: unknown[]) => unknown).bind(inner)
      if (name !== 'batch') return member
      return async (statements: D1PreparedStatement[]) => {
        await happen()
        return inner.batch(statements)
      }
    },
  })
}
