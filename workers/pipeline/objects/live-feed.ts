import { DurableObject } from 'cloudflare:workers'
import type { ErasableRpc } from '../../contract/erasure.ts'
import type { IntakeEntry, LiveFeedRpc, LivePublish } from '../../contract/live.ts'
import type {
  HeldEvents,
  MeterGroup,
  PaidStretch,
  ProjectPlace,
  SignalRows,
  SignalsRpc,
  Told,
} from '../../contract/signals.ts'
import type { KnownRun, RunFacts, RunMark, RunsRpc } from '../../contract/wire.ts'
import { eraserOf } from '../../domain/erase.ts'
import { guardTools, sendOutgoing, type Env } from '../deps.ts'
import { Audience } from './audience.ts'
import { KEEP_AFTER_MS, OpenReceipts } from './open-receipts.ts'
import { OpenRuns } from './open-runs.ts'
import { Portable } from './portable.ts'
import { Ring } from './ring.ts'
import { SignalBook } from './signal-book.ts'

const SOCKETS_MAX = 200

/**
 * Live events and completeness of one project: a ring of what was published, the people who watch, and the
 * batches that are accepted but not applied yet, runs of which more messages may come, and which signals tell its calls.
 */
export class LiveFeed extends DurableObject<Env> implements LiveFeedRpc, RunsRpc, SignalsRpc, ErasableRpc {
  private ring: Ring
  private receipts: OpenReceipts
  private audience: Audience
  private runs: OpenRuns
  private signals: SignalBook
  private keeping: ReturnType<typeof setTimeout> | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.ring = new Ring(ctx.storage.sql)
    this.receipts = new OpenReceipts(ctx.storage.sql, this.ring.recentBatches())
    this.audience = new Audience(ctx, this.ring)
    this.runs = new OpenRuns(ctx.storage.sql)
    this.signals = new SignalBook(ctx.storage.sql, guardTools.hash)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  }

  async accepted(entries: IntakeEntry[]): Promise<void> {
    this.receipts.add(entries, Date.now())
    this.keepLater()
  }

  private keepLater(): void {
    this.keeping ??= setTimeout(() => {
      this.keeping = null
      const [receipts, runs] = [this.receipts.keep(Date.now()), this.runs.keep(Date.now())]
      if (receipts || runs) this.keepLater()
    }, KEEP_AFTER_MS)
  }

  async joinRuns(client: string, facts: RunFacts[]): Promise<KnownRun[]> {
    const known = this.runs.join(client, facts, Date.now())
    this.keepLater()
    return known
  }

  async tellRuns(client: string, marks: [id: string, marks: RunMark[]][]): Promise<void> {
    this.runs.tell(client, marks)
    this.keepLater()
  }

  async heard(rank: 'spans' | 'logs', told: Told[]): Promise<PaidStretch[]> {
    return this.signals.heard(rank, told, Date.now())
  }

  async hold(place: ProjectPlace, id: string, held: HeldEvents[]): Promise<void> {
    this.signals.hold(place, id, held, Date.now())
    await this.wakeWhenDue()
  }

  async meter(place: ProjectPlace, id: string, groups: MeterGroup[]): Promise<void> {
    this.signals.meter(place, id, groups, Date.now())
    await this.wakeWhenDue()
  }

  /** What nobody else told goes on to the queue. Thrown out of here, it is tried again, as the same batches. */
  override async alarm(): Promise<void> {
    for (const { id, place, events } of this.signals.release(Date.now())) {
      const { workspace_id, project_id, ...tenant } = place
      await sendOutgoing(this.env, tenant, { id, project: { workspace_id, project_id }, events })
      this.signals.done(id)
    }
    await this.wakeWhenDue()
  }

  private async wakeWhenDue(): Promise<void> {
    const due = this.signals.nextDueMs()
    if (due !== null) await this.ctx.storage.setAlarm(due)
  }

  /** What the project's next home has to know of its signals. */
  async signalRows(): Promise<SignalRows> {
    return this.signals.rows()
  }

  async takeSignals(rows: SignalRows, home: Pick<ProjectPlace, 'cell' | 'shard'>): Promise<void> {
    this.signals.take(rows, home)
    await this.wakeWhenDue()
  }

  async publish(message: LivePublish): Promise<void> {
    const batchIds = message.batches.map((batch) => batch.batch_id)
    this.receipts.close(batchIds)
    if (this.ring.append(message, Date.now())) this.audience.announce()
  }

  async dead(batchIds: string[]): Promise<void> {
    this.receipts.close(batchIds)
  }

  async watermark() {
    return this.receipts.watermark(Date.now())
  }

  async open(batchId: string): Promise<IntakeEntry | null> {
    return this.receipts.find(batchId)
  }

  /** Open batches older than this, for a check against the books. */
  async stale(beforeMs: number): Promise<IntakeEntry[]> {
    return this.receipts.olderThan(beforeMs)
  }

  /** Lets its listeners go, who then connect to wherever the project lives. */
  async dismiss(): Promise<void> {
    for (const socket of this.ctx.getWebSockets()) socket.close(1012, 'this project has moved, connect again')
  }

  /** Takes a person out of what was published and of what is open. */
  async erase(subject: string, token: string): Promise<{ scanned: number; changed: number }> {
    const eraser = eraserOf(subject, token)
    const parts = [this.ring.erase(eraser), this.runs.erase(eraser), this.signals.erase(eraser)]
    const sum = (of: 'scanned' | 'changed') => parts.reduce((all, part) => all + part[of], 0)
    return { scanned: sum('scanned'), changed: sum('changed') }
  }

  /** Forgets everything: the project lives elsewhere. */
  async wipe(): Promise<void> {
    const { sql } = this.ctx.storage
    new Portable(sql).wipe()
    this.ring = new Ring(sql)
    this.receipts = new OpenReceipts(sql, [])
    this.audience = new Audience(this.ctx, this.ring)
    this.runs = new OpenRuns(sql)
    this.signals = new SignalBook(sql, guardTools.hash)
  }

  /** Rows that are kept. */
  async count(): Promise<number> {
    return new Portable(this.ctx.storage.sql).count()
  }

  /** The WebSocket upgrade. The api Worker has authorized it and names the project that it authorized. */
  override async fetch(request: Request): Promise<Response> {
    const project = request.headers.get('x-agentops-project')
    if (project === null || !this.ring.isProject(project)) return new Response('not this project', { status: 403 })
    if (request.headers.get('upgrade') !== 'websocket') return new Response('expected a WebSocket', { status: 426 })
    if (this.ctx.getWebSockets().length >= SOCKETS_MAX)
      return new Response('too many listeners', { status: 503, headers: { 'retry-after': '30' } })
    const [client, server] = Object.values(new WebSocketPair())
    if (client === undefined || server === undefined) throw new Error('no WebSocket pair')
    const cursor = Number(new URL(request.url).searchParams.get('cursor') ?? Number.NaN)
    this.audience.welcome(server, Number.isSafeInteger(cursor) && cursor >= 0 ? cursor : null)
    return new Response(null, { status: 101, webSocket: client })
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    this.audience.hear(socket, message)
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // 1005 and 1006 are never sent; they say that no code was.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
  }
}
