import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LiveMessage, type LiveEvent, type LivePublish } from '../../../workers/contract/live.ts'
import type { Env } from '../../../workers/pipeline/deps.ts'
import { freshTenant, randomBatchId } from '../../support/batches.ts'

const bindings = env as unknown as Env
let serial = 0
afterEach(() => void vi.useRealTimers())

function freshFeed() {
  const tenant = freshTenant()
  const feed = bindings.LIVE_FEED.getByName(tenant.project_id)
  const publish = (n: number, more: Partial<LivePublish> = {}) => {
    const events = Array.from({ length: n }, (): LiveEvent => ({
      event_type: 'agent.step.completed',
      timestamp: 1,
      trace_id: `t${serial++}`,
      span_id: 's',
    }))
    return feed.publish({ tenant, commit_id: `c${serial++}`, batches: [], events, omitted: 0, ...more })
  }
  const connect = async (query = '', project = tenant.project_id) => {
    const response = await feed.fetch(`http://feed/live${query}`, {
      headers: { upgrade: 'websocket', 'x-agentops-project': project },
    })
    return { response, listener: response.webSocket ? listen(response.webSocket) : null }
  }
  return { tenant, feed, publish, connect }
}

function listen(socket: WebSocket) {
  const messages: LiveMessage[] = []
  let closed: number | null = null
  socket.accept()
  socket.addEventListener('message', (event) => void messages.push(LiveMessage.parse(JSON.parse(String(event.data)))))
  socket.addEventListener('close', (event) => {
    closed = event.code
  })
  return {
    messages,
    socket,
    closed: () => closed,
    events: () => messages.flatMap((m) => (m.type === 'events' ? m.events : [])),
    cursor: () => messages.reduce((at, m) => Math.max(at, m.cursor), 0),
  }
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (what()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it did not happen within 2 s')
}

describe('LiveFeed', () => {
  it('tells its listeners what is published, coalesced, each commit once', async () => {
    const { publish, connect } = freshFeed()
    const { listener } = await connect()
    await publish(2, { commit_id: 'same' })
    await publish(2, { commit_id: 'same' })
    await publish(3)
    await until(() => listener?.events().length === 5)
    expect(listener?.messages.filter((m) => m.type === 'events')).toHaveLength(1)
  })

  it('replays what follows a cursor, also after it was evicted', async () => {
    const { feed, publish, connect } = freshFeed()
    await publish(1)
    const first = await connect('?cursor=0')
    await until(() => first.listener?.events().length === 1)
    const cursor = first.listener?.cursor() ?? 0
    first.listener?.socket.close()
    await publish(2)
    await evictDurableObject(feed)
    const again = await connect(`?cursor=${cursor}`)
    await until(() => again.listener?.events().length === 2)
    expect(again.listener?.messages[0]).toMatchObject({ type: 'hello', gap: false, replayed: 1 })
  })

  it('says when what a cursor asks for is gone', async () => {
    const { publish, connect } = freshFeed()
    for (let i = 0; i < 620; i++) await publish(1)
    const { listener } = await connect('?cursor=1')
    await until(() => (listener?.messages.length ?? 0) > 0)
    expect(listener?.messages[0]).toMatchObject({ type: 'hello', gap: true })
  })

  it('omits, and counts, what is too much for one message', async () => {
    const { publish, connect } = freshFeed()
    const { listener } = await connect()
    await publish(150, { omitted: 1000 })
    await publish(150)
    await until(() => (listener?.events().length ?? 0) > 0)
    const [message] = listener?.messages.filter((m) => m.type === 'events') ?? []
    expect(message).toMatchObject({ omitted: 1100 })
    expect(listener?.events()).toHaveLength(200)
  })

  it('holds back a listener that acknowledged once and then fell silent, until it does again', async () => {
    const { feed, publish, connect } = freshFeed()
    const { listener } = await connect()
    if (!listener) throw new Error('no socket')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    // In the object, as if its own clock had gone on.
    const soon = () =>
      runInDurableObject(feed, async () => {
        await vi.advanceTimersByTimeAsync(260)
      })
    const ack = () => listener.socket.send(JSON.stringify({ type: 'ack', cursor: listener.cursor() }))
    ack()
    let sent = 0
    while (!listener.messages.some((m) => m.type === 'slow') && sent < 90) {
      await publish(1)
      sent++
      await soon()
    }
    vi.useRealTimers()
    await until(() => listener.messages.some((m) => m.type === 'slow'))
    const before = listener.events().length
    expect(before).toBeLessThan(sent)
    ack()
    await until(() => listener.events().length === sent)
  })

  it.each(['{', 'null', '{"type":"ack"}', '{"type":"hello","cursor":1}', 'x'.repeat(20_000)])(
    'closes a socket that sends %s',
    async (text) => {
      const { listener } = await freshFeed().connect()
      listener?.socket.send(text)
      await until(() => listener?.closed() === 1008)
    },
  )

  it('serves its own project only, by WebSocket only', async () => {
    const { publish, connect, feed, tenant } = freshFeed()
    await publish(1)
    expect((await connect('', 'prj_other')).response.status).toBe(403)
    expect((await feed.fetch('http://feed/live')).status).toBe(403)
    expect(
      (await feed.fetch('http://feed/live', { headers: { 'x-agentops-project': tenant.project_id } })).status,
    ).toBe(426)
  })
})

describe('the watermark', () => {
  const entry = (events: number, ageMs = 0) => ({ batch_id: randomBatchId(), events, received_ms: Date.now() - ageMs })

  it('is behind by what is accepted and not applied', async () => {
    const { feed, publish } = freshFeed()
    expect(await feed.watermark()).toMatchObject({ events_behind: 0, batches_behind: 0, oldest_received_ms: null })
    const [a, b] = [entry(3, 5000), entry(4)]
    await feed.accepted([a, b])
    await feed.accepted([a])
    expect(await feed.watermark()).toMatchObject({
      events_behind: 7,
      batches_behind: 2,
      complete_until_ms: a.received_ms - 1,
    })
    await publish(0, { batches: [a] })
    expect(await feed.watermark()).toMatchObject({ events_behind: 4, batches_behind: 1 })
    await feed.dead([b.batch_id])
    expect(await feed.watermark()).toMatchObject({ events_behind: 0 })
  })

  it('survives eviction, and an acceptance that is told after the batch was applied', async () => {
    const { feed, publish } = freshFeed()
    const [early, open, half] = [entry(1), entry(2), entry(3)]
    await publish(0, { batches: [early] })
    await feed.accepted([early, open, half])
    await publish(0, { batches: [half] })
    await evictDurableObject(feed)
    expect(await feed.watermark()).toMatchObject({ events_behind: 2, batches_behind: 1 })
    await feed.accepted([early])
    expect(await feed.watermark()).toMatchObject({ events_behind: 2 })
    expect(await feed.open(open.batch_id)).toEqual(open)
    expect(await feed.open(half.batch_id)).toBeNull()
  })

  it('closes receipts of a commit that was published before', async () => {
    const { feed, publish } = freshFeed()
    const late = entry(5)
    await publish(1, { commit_id: 'one' })
    await feed.accepted([late])
    await publish(1, { commit_id: 'one', batches: [late] })
    expect(await feed.watermark()).toMatchObject({ events_behind: 0 })
  })

  it('lists what has been open for long', async () => {
    const { feed } = freshFeed()
    const [old, young] = [entry(1, 60_000), entry(1)]
    await feed.accepted([old, young])
    expect((await feed.stale(Date.now() - 30_000)).map((e) => e.batch_id)).toEqual([old.batch_id])
  })
})
