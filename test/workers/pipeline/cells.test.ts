import { env } from 'cloudflare:workers'
import { createMessageBatch } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { CELLS, SHARDS, type Cell } from '../../../workers/contract/tenant.ts'
import { ingestDeps, type Env } from '../../../workers/pipeline/deps.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { envelopeOf, freshTenant, makeBatch, traceEvents } from '../../support/batches.ts'
import { recordingEnv } from '../../support/recording.ts'

// Analytics Engine is a no-op locally and absent in the test pool: a recorded object stands at its boundary.
const bindings: Env = { ...(env as unknown as Env), METRICS: { writeDataPoint() {} } }
const SHARED = ['LIVE_FEED', 'TENANT_BUDGET']

describe('a tenant pinned to a cell', () => {
  it.each(['eu', 'us'] as const)('%s: no byte reaches another cell or Analytics Engine', async (cell) => {
    const { env: recorded, calls } = recordingEnv(bindings)
    const tenant = freshTenant(cell)
    const batch = makeBatch(tenant, traceEvents('secret-trace', 2, 5))
    const queue = createMessageBatch(`agentops-ingest-${cell}`, [
      { id: '1', timestamp: new Date(), attempts: 1, body: envelopeOf(batch) },
    ])
    await handleIngest(queue, ingestDeps(recorded, cell))

    const touched = new Set(calls.map((c) => c.binding))
    expect(touched).toContain(`DATA_${cell.toUpperCase()}_0`)
    expect([...touched].filter((name) => !SHARED.includes(name) && !name.includes(`_${cell.toUpperCase()}`))).toEqual(
      [],
    )
    // Durable Objects are shared namespaces: locally a cell's objects are kept apart by name.
    const named = calls.filter(
      (c) => SHARED.includes(c.binding) && ['getByName', 'idFromName', 'get'].includes(c.method),
    )
    expect(new Set(named.map((c) => c.binding))).toEqual(new Set(SHARED))
    expect(named.every((c) => c.text.startsWith(`${cell}:`))).toBe(true)
    expect(calls.some((c) => c.text.includes('secret-trace') && c.binding.startsWith('DATA_'))).toBe(true)
  })

  it('writes metrics points for the global cell only', async () => {
    const { env: recorded, calls } = recordingEnv(bindings)
    const batch = makeBatch(freshTenant('global'), traceEvents('t', 1, 5))
    const queue = createMessageBatch('agentops-ingest-global', [
      { id: '1', timestamp: new Date(), attempts: 1, body: envelopeOf(batch) },
    ])
    await handleIngest(queue, ingestDeps(recorded, 'global'))
    expect(calls.some((c) => c.binding === 'METRICS' && c.method === 'writeDataPoint')).toBe(true)
  })
})

describe('cellFor', () => {
  it.each(CELLS.flatMap((cell) => Array.from({ length: SHARDS[cell] }, (_, shard) => [cell, shard] as const)))(
    '%s has shard %i',
    (cell, shard) => {
      expect(cellFor(bindings, cell).shard(shard)).toBe(bindings[`DATA_${cell.toUpperCase()}_${shard}` as keyof Env])
    },
  )

  it.each([
    ['eu', 1],
    ['global', 2],
    ['global', -1],
    ['us', 0.5],
  ] as const)('%s has no shard %d', (cell, shard) => {
    expect(() => cellFor(bindings, cell).shard(shard)).toThrow(/has no shard/)
  })

  it('fails closed for a cell that does not exist', () => {
    expect(() => cellFor(bindings, 'mars' as Cell)).toThrow('unknown cell')
  })
})
