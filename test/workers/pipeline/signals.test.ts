import { gunzipSync } from 'node:zlib'
import { env } from 'cloudflare:workers'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { eraserOf } from '../../../workers/domain/erase.ts'
import type { Env } from '../../../workers/pipeline/deps.ts'
import { SignalBook } from '../../../workers/pipeline/objects/signal-book.ts'
import { freshTenant } from '../../support/batches.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const bindings = env as unknown as Env

const recorded = (file: string) =>
  gunzipSync(
    Buffer.from((env as unknown as { RECORDINGS: Record<string, string> }).RECORDINGS[file] ?? '', 'base64'),
  ).toString()

type Signal = 'traces' | 'logs' | 'metrics'
/** Bodies in the order in which they come; `wait` is the time after which nothing more is waited for. */
type Order = readonly (Signal | 'wait')[]

const FILES: Record<string, Record<Signal, string[]>> = {
  'claude-code': { traces: ['traces'], logs: ['logs'], metrics: ['metrics'] },
  'gemini-cli': { traces: ['traces'], logs: ['logs'], metrics: ['metrics'] },
  codex: { traces: ['traces-1', 'traces-2', 'traces-3'], logs: ['logs'], metrics: ['metrics'] },
}

/** Nanoseconds of a recording, moved to now. */
function movedToNow(bodies: string[]): string[] {
  const times = bodies.flatMap((body) => body.match(/\b17\d{17}\b/g) ?? [])
  const last = times.reduce((a, b) => (a > b ? a : b))
  const shift = BigInt(Date.now()) * 1_000_000n - (BigInt(last) / 1_000_000n) * 1_000_000n
  return bodies.map((body) => body.replace(/\b17\d{17}\b/g, (ns) => String(BigInt(ns) + shift)))
}

async function spentBy(client: string, order: Order): Promise<{ project: string; events: () => Promise<Spent> }> {
  const { key, record } = await freshKey()
  const edge = watchedEdge({
    INGEST_LIMIT: { limit: async () => ({ success: true }) },
    INGEST_REQUESTS_PER_10S: '1000',
    QUEUE_GLOBAL: bindings.QUEUE_GLOBAL,
    BUCKET_GLOBAL: bindings.BUCKET_GLOBAL,
  })
  const files = FILES[client] as Record<Signal, string[]>
  const names = [...files.traces, ...files.logs, ...files.metrics]
  const moved = movedToNow(names.map((name) => recorded(`${client}/${name}.json.gz`)))
  const bodyOf = new Map(names.map((name, i) => [name, moved[i] ?? '']))
  const feed = bindings.LIVE_FEED.getByName(record.project_id)
  const wait = async () => {
    await runInDurableObject(feed, (_, { storage }) => void storage.sql.exec('UPDATE signal_held SET due_ms = 0'))
    await runDurableObjectAlarm(feed)
  }
  for (const step of order) {
    if (step === 'wait') await wait()
    else
      for (const name of files[step]) {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
        const response = await edge.fetch(`/v1/${step}`, { method: 'POST', headers, body: bodyOf.get(name) ?? '' })
        expect([response.status, await response.json()]).toEqual([200, {}])
      }
  }
  await wait()
  return { project: record.project_id, events: () => booksOf(record.project_id) }
}

interface Spent {
  cost: number
  prompt: number
  completion: number
}

async function booksOf(project: string): Promise<Spent> {
  const found = await bindings.DATA_GLOBAL_0.prepare(
    `SELECT coalesce(sum(cost_nanousd), 0) cost, coalesce(sum(tokens_prompt), 0) prompt,
      coalesce(sum(tokens_completion), 0) completion FROM trace WHERE project_id = ?1`,
  )
    .bind(project)
    .first<Spent>()
  return found ?? { cost: 0, prompt: 0, completion: 0 }
}

/** Of the providers' own counts of the recorded runs. */
const TOKENS: Record<string, Omit<Spent, 'cost'>> = {
  'claude-code': { prompt: 2000, completion: 164 },
  'gemini-cli': { prompt: 1350, completion: 120 },
  codex: { prompt: 6150, completion: 510 },
}
const ORDERS: Order[] = [
  ['logs'],
  ['traces', 'logs', 'metrics'],
  ['metrics', 'logs', 'traces'],
  ['logs', 'traces', 'metrics'],
  ['logs', 'metrics'],
  ['metrics', 'logs'],
  ['traces'],
  ['metrics'],
  ['traces', 'logs', 'metrics', 'metrics', 'logs', 'traces', 'wait', 'traces', 'logs', 'metrics'],
  ['metrics', 'metrics', 'wait', 'metrics', 'wait'],
  // What comes after it was given up.
  ['metrics', 'wait', 'traces', 'logs'],
  ['logs', 'wait', 'traces', 'metrics'],
  ['metrics', 'wait', 'logs', 'wait', 'traces'],
]

describe('one call from one signal', () => {
  it.each(Object.keys(FILES))(
    '%s: costs the same in whatever order its signals come',
    { timeout: 60_000 },
    async (client) => {
      const runs: (Awaited<ReturnType<typeof spentBy>> & { order: Order })[] = []
      // Spans of Gemini CLI leave out half of what was used, and so never stand alone.
      const orders = client === 'gemini-cli' ? ORDERS.filter((order) => order.join() !== 'traces') : ORDERS
      for (const order of orders) runs.push({ order, ...(await spentBy(client, order)) })
      await expect.poll(() => runs[0]?.events(), { timeout: 20_000 }).toMatchObject(TOKENS[client] ?? {})
      const expected = await runs[0]?.events()
      expect(expected?.cost).toBeGreaterThan(0)
      for (const { order, events } of runs)
        await expect
          .poll(async () => ({ order, ...(await events()) }), { timeout: 20_000 })
          .toEqual({ order, ...expected })
      // Nothing comes later that changes it.
      await new Promise((resolve) => setTimeout(resolve, 1500))
      for (const { order, events } of runs) expect({ order, ...(await events()) }).toEqual({ order, ...expected })
    },
  )
})

describe('what waits', () => {
  const held = { account: 'claude-code/s', from_ms: 1000, to_ms: 2000 }
  const NOW = 1_000_000
  const LATER = NOW + 60_000

  async function inBook(work: (book: SignalBook, again: () => SignalBook) => void): Promise<void> {
    await runInDurableObject(bindings.LIVE_FEED.getByName(freshTenant().project_id), (_, { storage }) => {
      const open = () => new SignalBook(storage.sql, (text) => `hash of ${text.length}`)
      work(open(), open)
      storage.sql.exec('DELETE FROM signal_held')
    })
  }

  it('is sent once it is due, as the same batch until that is done, and kept through restarts', async () => {
    const place = freshTenant()
    await inBook((book, again) => {
      book.hold(place, 'logs/1', [{ ...held, events: ['{"trace_id":"t"}'] }], NOW)
      book.hold(place, 'logs/1', [{ ...held, events: ['{"trace_id":"t"}'] }], NOW)
      expect(book.release(NOW)).toEqual([])
      const [first, ...more] = again().release(LATER)
      expect([first?.events, first?.place.project_id, more]).toEqual([[{ trace_id: 't' }], place.project_id, []])
      // Spans that come now are too late for what is on its way.
      again().heard('spans', [{ account: held.account, hour: 0 }], LATER)
      expect(again().release(LATER)).toEqual([first])
      again().done(first?.id ?? '')
      expect(again().release(LATER)).toEqual([])
    })
  })

  it('is dropped where spans told the same', async () => {
    await inBook((book, again) => {
      book.hold(freshTenant(), 'logs/1', [{ ...held, events: ['{}'] }], NOW)
      book.heard('spans', [{ account: held.account, hour: 0 }], NOW)
      expect([again().release(LATER), again().nextDueMs()]).toEqual([[], null])
    })
  })

  it('knows nothing more of a person who was erased, and goes with its organization', async () => {
    await inBook((book, again) => {
      book.hold(freshTenant(), 'logs/1', [{ ...held, events: ['{"user_id":"person-1234"}'] }], NOW)
      expect(book.erase(eraserOf('person-1234', 'erased'))).toEqual({ scanned: 1, changed: 1 })
      const rows = book.rows()
      expect(JSON.stringify(rows)).not.toContain('person-1234')
      book.done(rows.held[0]?.id ?? '')
      again().take(rows, { cell: 'eu', shard: 0 })
      const [sent] = again().release(LATER)
      expect(sent).toMatchObject({ place: { cell: 'eu', shard: 0 }, events: [{ user_id: 'erased' }] })
    })
  })
})
