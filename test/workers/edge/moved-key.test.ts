import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { keyWriter } from '../../../workers/adapters/keys-kv.ts'
import { bindings, freshKey, watchedEdge } from '../../support/edge-ingest.ts'
import { recordingEnv } from '../../support/recording.ts'

const event = { event_type: 'agent.request.completed', timestamp: Date.now(), trace_id: 'moved-trace', span_id: 's' }

describe('a key whose organization was moved', () => {
  it('works on, and leads to the new cell alone', async () => {
    const { key, record } = await freshKey({ cell: 'eu' })
    expect(key).toMatch(/^ao_eu_/)
    await keyWriter(bindings.KEYS).put(sha256Hex(key), { ...record, cell: 'us', shard: 0 })
    const { env, calls } = recordingEnv(bindings)
    const edge = watchedEdge({ ...env, QUEUE_US: env.QUEUE_US, BUCKET_US: env.BUCKET_US })
    const answer = await edge.fetch('/v1/events', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify([event]),
    })
    expect(answer.status).toBe(202)
    const told = calls.filter(({ text }) => text.includes(record.org_id) || text.includes(record.project_id))
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter(({ binding, text }) => /_EU|_GLOBAL/.test(binding) || text.startsWith('eu:'))).toEqual([])
  })
})
