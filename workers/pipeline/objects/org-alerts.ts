import { DurableObject } from 'cloudflare:workers'
import {
  ALERTS_MOVE,
  type AlertsRpc,
  type IncidentFilter,
  type RuleCreate,
  type RuleUpdate,
  type SilenceCreate,
} from '../../contract/alert.ts'
import type { ErasableRpc } from '../../contract/erasure.ts'
import type { Digest, ObjectPage, SealableRpc } from '../../contract/move.ts'
import type {
  ChannelCreate,
  ChannelsRpc,
  ChannelUpdate,
  DeliveriesRpc,
  Delivery,
  DeliveryResult,
} from '../../contract/notify.ts'
import type { SloCreate, SlosRpc, SloUpdate } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { eraserOf } from '../../domain/erase.ts'
import type { Env } from '../deps.ts'
import { alertTools, type AlertTools } from '../deps-alerts.ts'
import { AnswerRows } from './alerts/answer-rows.ts'
import { LEASE_MS } from './alerts/notifier.ts'
import { alertParts, type AlertParts } from './alerts/parts.ts'
import { nextEvaluation } from './alerts/pace.ts'
import { PlaceRows } from './alerts/place-rows.ts'
import { summaryOf } from './alerts/summary.ts'
import { eraseEverywhere } from './erase-everywhere.ts'
import { Portable } from './portable.ts'

type All = AlertsRpc & SlosRpc & ChannelsRpc & DeliveriesRpc & SealableRpc & ErasableRpc

const AGAIN_MS = 5_000
const LOOK_MS = 100
const DAY_MS = 86_400_000

/**
 * The alerts of one organization: its rules, what they found, incidents, silences, objectives and channels. Evaluated
 * by its own alarm; what an evaluation decides, and what is told of it, is written in one turn.
 */
export class OrgAlerts extends DurableObject<Env> implements All {
  private readonly place: PlaceRows
  private readonly parts: AlertParts
  private readonly tools: AlertTools
  private readonly portable: Portable

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.place = new PlaceRows(ctx.storage.sql)
    this.tools = alertTools(env)
    this.parts = alertParts(ctx.storage.sql, this.tools)
    this.portable = new Portable(ctx.storage.sql, ['place', 'sealed', AnswerRows.TABLE])
  }

  async summary(projects: string[] | null) {
    return summaryOf(this.parts.rows, projects, Date.now())
  }

  async targets() {
    return { channels: this.parts.channels.ids(), slos: this.parts.slos.list().map(({ id }) => id) }
  }

  async rules() {
    return this.parts.rules.list()
  }

  async rule(id: string) {
    return this.parts.rules.find(id)
  }

  async createRule(tenant: Tenant, id: string, zone: string, input: RuleCreate) {
    return this.change(() => {
      this.settle(tenant, zone)
      return this.parts.rules.create(id, input, Date.now())
    })
  }

  async updateRule(id: string, zone: string, change: RuleUpdate) {
    return this.change(() => {
      this.place.setZone(zone)
      return this.parts.rules.update(id, change, Date.now())
    })
  }

  async removeRule(id: string) {
    return this.change(() => this.parts.rules.remove(id))
  }

  async incidents(filter: IncidentFilter) {
    return this.parts.incidents.page(filter)
  }

  async incident(id: string) {
    return this.parts.incidents.find(id)
  }

  async acknowledge(id: string, by: string) {
    return this.turn(() => this.parts.incidents.acknowledge(id, by, Date.now()))
  }

  async silences() {
    return this.parts.silences.list(Date.now())
  }

  async createSilence(tenant: Tenant, id: string, zone: string, input: SilenceCreate, by: string) {
    return this.change(() => {
      this.settle(tenant, zone)
      return this.parts.silences.create(id, zone, input, by, Date.now())
    })
  }

  async endSilence(id: string) {
    return this.change(() => this.parts.silences.end(id, Date.now()))
  }

  async slos() {
    return this.parts.slos.list()
  }

  async slo(id: string) {
    return this.parts.slos.find(id)
  }

  async createSlo(tenant: Tenant, ids: { slo: string; rule: string }, zone: string, input: SloCreate) {
    return this.change(() => {
      this.settle(tenant, zone)
      return this.parts.slos.create(ids, input, Date.now())
    })
  }

  async updateSlo(ids: { slo: string; rule: string }, zone: string, change: SloUpdate) {
    return this.change(() => {
      this.place.setZone(zone)
      return this.parts.slos.update(ids, change, Date.now())
    })
  }

  async removeSlo(id: string) {
    return this.change(() => this.parts.slos.remove(id))
  }

  async channels() {
    return this.parts.channels.list()
  }

  async createChannel(tenant: Tenant, origin: string, id: string, secret: string | null, input: ChannelCreate) {
    return this.turn(() => {
      this.place.settle(tenant)
      this.place.setOrigin(origin)
      return this.parts.channels.create(id, secret, input, Date.now())
    })
  }

  async updateChannel(id: string, change: ChannelUpdate) {
    return this.turn(() => this.parts.channels.update(id, change))
  }

  async rotateSecret(id: string, secret: string) {
    return this.turn(() => this.parts.channels.rotate(id, secret, Date.now()))
  }

  async removeChannel(id: string) {
    return this.turn(() => this.parts.channels.remove(id, Date.now()))
  }

  async testChannel(tenant: Tenant, origin: string, id: string, deliveryId: string) {
    const sent = this.turn(() => {
      this.place.settle(tenant)
      this.place.setOrigin(origin)
      return this.parts.channels.test(id, deliveryId, tenant.org_id, Date.now())
    })
    await this.flush()
    return sent
  }

  async deliveries(filter: {
    channel_id: string | null
    state: Delivery['state'] | null
    cursor: string | null
    limit: number
  }) {
    return this.parts.channels.deliveries(filter)
  }

  async retryDelivery(id: string) {
    const again = this.turn(() => this.parts.channels.retry(id, Date.now()))
    await this.flush()
    return again
  }

  async takeDelivery(id: string) {
    const orgId = this.place.tenant()?.org_id
    if (orgId === undefined || this.place.isSealed()) return null
    const taken = this.turn(() =>
      this.parts.notifier.take(id, { origin: this.place.origin(), orgId, nowMs: Date.now() }),
    )
    // What was given up instead may be waited for.
    if (taken === null) await this.flush()
    return taken
  }

  async settleDelivery(id: string, attempt: number, result: DeliveryResult) {
    const orgId = this.place.tenant()?.org_id
    if (orgId === undefined) return null
    // Also while it is sealed: what was told then is known to the copy, which waits for it.
    const now = Date.now()
    const again = this.ctx.storage.transactionSync(() => {
      if (this.place.isSealed() && !this.parts.notifier.isSending(now)) throw new Error(ALERTS_MOVE)
      return this.parts.notifier.settle(id, attempt, result, orgId, now)
    })
    // What waited for this one, or is to be told since it died.
    await this.flush()
    return again
  }

  async erase(subject: string, token: string) {
    return this.ctx.storage.transactionSync(() => eraseEverywhere(this.ctx.storage.sql, eraserOf(subject, token)))
  }

  /** Sealed it judges nothing, tells nobody and refuses changes: the alerts go on in another cell. */
  async seal(sealed: boolean): Promise<void> {
    this.place.seal(sealed)
    if (!sealed) return this.schedule()
    // What is being sent is told here still: the copy would tell it again.
    for (let ms = 0; ms < LEASE_MS && this.parts.notifier.isSending(Date.now()); ms += LOOK_MS)
      await scheduler.wait(LOOK_MS)
  }

  async exportRows(cursor: string | null): Promise<ObjectPage | null> {
    return this.portable.exportRows(cursor)
  }

  async importRows(tenant: Tenant, table: string, rows: string): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.place.settle(tenant)
      this.portable.importRows(table, rows)
    })
  }

  async digest(): Promise<Record<string, Digest>> {
    return this.portable.digest()
  }

  /** Sealed it stays sealed: whoever still takes this for the place of the alerts must not begin anew here. */
  async wipe(): Promise<void> {
    this.portable.wipe(['sealed'])
    await this.ctx.storage.deleteAlarm()
  }

  override async alarm(): Promise<void> {
    const tenant = this.place.tenant()
    if (tenant === null || this.place.isSealed()) return
    const now = Date.now()
    if (this.isDue(tenant, now)) await this.evaluate(tenant, now)
    this.parts.prune(now)
    await this.flush()
  }

  /** A failure of one evaluation is made good by the next; nothing of it was written. */
  private async evaluate(tenant: Tenant, nowMs: number): Promise<void> {
    try {
      const { evaluation } = this.parts
      const looked = await evaluation.look(this.tools.source, tenant, this.place.zone(), nowMs)
      this.turn(() => {
        evaluation.settle(looked, tenant, nowMs)
        this.place.setEvaluated(nowMs)
      })
    } catch (error) {
      this.tools.log('warn', 'alerts.failed', { org_id: tenant.org_id, error: String(error) })
      if (!this.place.isSealed()) this.place.setEvaluated(nowMs)
    }
  }

  private isDue(tenant: Tenant, nowMs: number): boolean {
    const last = this.place.evaluated()
    return last === 0 || nowMs >= nextEvaluation(tenant.org_id, last)
  }

  /** Sends what is to be told, and rings again when there is something to do. */
  private async flush(): Promise<void> {
    const tenant = this.place.tenant()
    if (tenant === null || this.place.isSealed()) return
    try {
      await this.parts.notifier.flush(tenant, Date.now(), (tasks) => this.tools.send(tenant, tasks))
    } catch (error) {
      this.tools.log('warn', 'alerts.unsent', { org_id: tenant.org_id, error: String(error) })
      return this.ring(Date.now() + AGAIN_MS)
    }
    await this.schedule()
  }

  private async schedule(): Promise<void> {
    const tenant = this.place.tenant()
    if (tenant === null) return
    const { rules, slos, incidents, deliveries } = this.parts.rows
    const last = this.place.evaluated()
    const isWatching = slos.count() > 0 || rules.all().some(({ config }) => config.enabled)
    const evaluation = last === 0 ? Date.now() : isWatching ? nextEvaluation(tenant.org_id, last) : null
    // What nobody watches any more is still removed when it is old.
    const pruning = incidents.isEmpty() && deliveries.isEmpty() ? null : Date.now() + DAY_MS
    const due = [evaluation, this.parts.notifier.nextDue(), pruning].filter((at) => at !== null)
    if (due.length > 0) await this.ring(Math.min(...due))
  }

  private async ring(atMs: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > atMs) await this.ctx.storage.setAlarm(atMs)
  }

  /** A change of what is judged: incidents of rules that are gone are over, and all is judged anew at once. */
  private async change<T>(work: () => T): Promise<T> {
    const result = this.turn(() => {
      const before = this.parts.rows.rules.all()
      const done = work()
      const left = new Set(this.parts.rows.rules.all().map(({ id }) => id))
      const tenant = this.place.tenant()
      for (const rule of before)
        if (tenant !== null && !left.has(rule.id)) this.parts.evaluation.close(rule, tenant, Date.now())
      this.place.setEvaluated(0)
      return done
    })
    await this.schedule()
    return result
  }

  /** All that is written in it, or nothing. @throws while the organization moves. */
  private turn<T>(work: () => T): T {
    return this.ctx.storage.transactionSync(() => {
      if (this.place.isSealed()) throw new Error(ALERTS_MOVE)
      return work()
    })
  }

  private settle(tenant: Tenant, zone: string): void {
    this.place.settle(tenant)
    this.place.setZone(zone)
  }
}
