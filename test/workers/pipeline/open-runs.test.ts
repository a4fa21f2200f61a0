import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Env } from '../../../workers/pipeline/deps.ts'
import { OpenRuns } from '../../../workers/pipeline/objects/open-runs.ts'
import { eraserOf } from '../../../workers/domain/erase.ts'
import { freshTenant } from '../../support/batches.ts'

const bindings = env as unknown as Env
afterEach(() => void vi.useRealTimers())

const freshFeed = () => bindings.LIVE_FEED.getByName(freshTenant().project_id)
const CALL = { id: 'run', trace: 't', kind: 'llm', model: 'gpt-4o', start_ms: 1000, user_id: 'person-1234' } as const
const LATER_MS = 10_000

describe('runs that are open', () => {
  it('are joined to what was told of them before, by project and client', async () => {
    const [feed, other] = [freshFeed(), freshFeed()]
    await feed.joinRuns('langfuse', [{ ...CALL, create: true }])
    await feed.tellRuns('langfuse', [['run', ['started']]])
    const end = { id: 'run', trace: 't', end_ms: 2000 }
    expect(await feed.joinRuns('langfuse', [end])).toMatchObject([
      { facts: { ...CALL, end_ms: 2000 }, told: ['started'] },
    ])
    for (const stranger of [await feed.joinRuns('lunary', [end]), await other.joinRuns('langfuse', [end])])
      expect(stranger).toEqual([{ facts: end, told: [], rolled: false }])
  })

  it('are kept while they are open, and those that ended at once are never written', async () => {
    const feed = freshFeed()
    await runInDurableObject(feed, (_, { storage }) => {
      const runs = new OpenRuns(storage.sql)
      const kept = () =>
        storage.sql
          .exec('SELECT key FROM run ORDER BY key')
          .toArray()
          .map(({ key }) => key)
      const now = Date.now()
      runs.join('c', [CALL, { ...CALL, id: 'short', end_ms: 2000 }], now)
      expect([runs.keep(now), kept()]).toEqual([true, []])
      expect([runs.keep(now + LATER_MS), kept()]).toEqual([false, ['c run']])
      runs.join('c', [{ id: 'run', end_ms: 2000 }], now + LATER_MS)
      runs.tell('c', [['run', ['ended', 'paid']]])
      runs.keep(now + 2 * LATER_MS)
      // Whoever reads it later knows that it was told.
      const again = new OpenRuns(storage.sql).join('c', [{ id: 'run', end_ms: 2000 }], now + 2 * LATER_MS)
      expect(again).toMatchObject([{ facts: { model: 'gpt-4o', end_ms: 2000 }, told: ['ended', 'paid'] }])
      runs.keep(now + 2 * 86_400_000)
      expect(kept()).toEqual([])
    })
  })

  it('survive eviction, and know nothing more of a person who was erased', async () => {
    const feed = freshFeed()
    await runInDurableObject(feed, (_, { storage }) => {
      const runs = new OpenRuns(storage.sql)
      runs.join('c', [CALL], Date.now() - LATER_MS)
      runs.keep(Date.now())
    })
    await evictDurableObject(feed)
    expect(await feed.joinRuns('c', [{ id: 'run' }])).toMatchObject([{ facts: { user_id: 'person-1234' } }])
    expect(await feed.erase('person-1234', 'token')).toEqual({ scanned: 1, changed: 1 })
    expect(await feed.joinRuns('c', [{ id: 'run' }])).toMatchObject([{ facts: { user_id: 'erased', model: 'gpt-4o' } }])
    await evictDurableObject(feed)
    expect(JSON.stringify(await feed.joinRuns('c', [{ id: 'run' }]))).not.toContain('person')
  })

  it('are gone with the project', async () => {
    const feed = freshFeed()
    await runInDurableObject(feed, (_, { storage }) => {
      const runs = new OpenRuns(storage.sql)
      runs.join('c', [CALL], Date.now() - LATER_MS)
      runs.keep(Date.now())
      expect(runs.erase(eraserOf('nobody', 'token'))).toEqual({ scanned: 1, changed: 0 })
    })
    expect(await feed.count()).toBeGreaterThan(0)
    await feed.wipe()
    expect(await feed.count()).toBe(0)
    expect(await feed.joinRuns('c', [{ id: 'run' }])).toEqual([
      { facts: { id: 'run', trace: 'run' }, told: [], rolled: false },
    ])
  })
})
