import { env } from 'cloudflare:workers'
import { createMessageBatch } from 'cloudflare:test'
import { expect, it } from 'vitest'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { contextOf, parseEvents } from '../../../workers/edge/events.ts'
import { ingestDeps, type Env } from '../../../workers/pipeline/deps.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { envelopeOf, freshTenant, makeBatch } from '../../support/batches.ts'
import { PLANTED, plantedIn } from '../../support/planted.ts'

const bindings = env as unknown as Env

/** Every value of every row of a database, as bytes. */
async function valuesOf(db: D1Database): Promise<Uint8Array[]> {
  const tables = await db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'")
    .all<{ name: string }>()
  const values: Uint8Array[] = []
  for (const { name } of tables.results) {
    const rows = await db.prepare(`SELECT * FROM "${name}"`).raw()
    for (const value of rows.flat()) {
      values.push(Array.isArray(value) ? new Uint8Array(value as number[]) : new TextEncoder().encode(String(value)))
    }
  }
  return values
}

it.each([true, false])('no planted secret reaches D1 where content is kept: %s', async (keep_content) => {
  const tenant = freshTenant()
  const key = {
    ...tenant,
    key_id: 'key_1',
    name: 'test',
    role: null,
    environment: null,
    scopes: [],
    expires_at: null,
    keep_content,
  }
  const events = [
    {
      event_type: 'agent.tool.failed',
      timestamp: Date.now(),
      trace_id: 't',
      span_id: 's',
      input: PLANTED,
      output: { [PLANTED]: [PLANTED] },
      error_message: PLANTED,
    },
  ]
  const body = new TextEncoder().encode(JSON.stringify(events))
  expect(plantedIn(body).length).toBeGreaterThan(15)
  const batch = parseEvents(body, 'application/json', contextOf(key, Date.now(), sha256Hex))
  const queue = createMessageBatch('agentops-ingest-global', [
    { id: '1', timestamp: new Date(), attempts: 1, body: envelopeOf(makeBatch(tenant, batch.events)) },
  ])
  await handleIngest(queue, ingestDeps(bindings, 'global'))
  const values = await valuesOf(bindings.DATA_GLOBAL_0)
  const texts = values.map((value) => new TextDecoder().decode(value))
  expect(texts).toContain(tenant.project_id)
  expect(values.flatMap(plantedIn)).toEqual([])
})
