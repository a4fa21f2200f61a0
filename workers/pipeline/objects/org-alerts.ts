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
import type { SloCreate, SlosRpc, SloUpdate } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { eraserOf } from '../../domain/erase.ts'
import type { Env } from '../deps.ts'
import { IncidentRows } from './alerts/incident-rows.ts'
import { Incidents } from './alerts/incidents.ts'
import { PlaceRows } from './alerts/place-rows.ts'
import { RuleRows } from './alerts/rule-rows.ts'
import { Rules } from './alerts/rules.ts'
import { SilenceRows } from './alerts/silence-rows.ts'
import { Silences } from './alerts/silences.ts'
import { SloRows } from './alerts/slo-rows.ts'
import { Slos } from './alerts/slos.ts'
import { StateRows } from './alerts/state-rows.ts'
import { summaryOf } from './alerts/summary.ts'
import { eraseEverywhere } from './erase-everywhere.ts'
import { Portable } from './portable.ts'

type All = AlertsRpc & SlosRpc & SealableRpc & ErasableRpc

/**
 * The alerts of one organization: its rules, what they found, incidents, silences and objectives. Evaluated by its own alarm; what
 * an evaluation decides is written in one turn.
 */
export class OrgAlerts extends DurableObject<Env> implements All {
  private readonly place: PlaceRows
  private readonly rows: { rules: RuleRows; states: StateRows; incidents: IncidentRows; silences: SilenceRows }
  private readonly people: { rules: Rules; incidents: Incidents; silences: Silences; slos: Slos }
  private readonly portable: Portable

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.place = new PlaceRows(sql)
    const rules = new RuleRows(sql)
    const states = new StateRows(sql)
    const incidents = new IncidentRows(sql)
    const silences = new SilenceRows(sql)
    this.rows = { rules, states, incidents, silences }
    this.people = {
      rules: new Rules(rules, states),
      incidents: new Incidents(incidents),
      silences: new Silences(silences),
      slos: new Slos(new SloRows(sql), rules, new Rules(rules, states)),
    }
    this.portable = new Portable(sql, ['place', 'sealed'])
  }

  async summary(projects: string[] | null) {
    return summaryOf(this.rows, projects, Date.now())
  }

  async targets() {
    return { channels: [], slos: this.people.slos.list().map(({ id }) => id) }
  }

  async rules() {
    return this.people.rules.list()
  }

  async rule(id: string) {
    return this.people.rules.find(id)
  }

  async createRule(tenant: Tenant, id: string, zone: string, input: RuleCreate) {
    return this.change(() => {
      this.settle(tenant, zone)
      return this.people.rules.create(id, input, Date.now())
    })
  }

  async updateRule(id: string, zone: string, change: RuleUpdate) {
    return this.change(() => {
      this.place.setZone(zone)
      return this.people.rules.update(id, change, Date.now())
    })
  }

  async removeRule(id: string) {
    return this.change(() => this.people.rules.remove(id))
  }

  async incidents(filter: IncidentFilter) {
    return this.people.incidents.page(filter)
  }

  async incident(id: string) {
    return this.people.incidents.find(id)
  }

  async acknowledge(id: string, by: string) {
    return this.change(() => this.people.incidents.acknowledge(id, by, Date.now()))
  }

  async silences() {
    return this.people.silences.list(Date.now())
  }

  async createSilence(tenant: Tenant, id: string, zone: string, input: SilenceCreate, by: string) {
    return this.change(() => {
      this.settle(tenant, zone)
      return this.people.silences.create(id, zone, input, by, Date.now())
    })
  }

  async endSilence(id: string) {
    return this.change(() => this.people.silences.end(id, Date.now()))
  }

  async slos() {
    return this.people.slos.list()
  }

  async slo(id: string) {
    return this.people.slos.find(id)
  }

  async createSlo(tenant: Tenant, ids: { slo: string; rule: string }, zone: string, input: SloCreate) {
    return this.change(() => {
      this.settle(tenant, zone)
      return this.people.slos.create(ids, input, Date.now())
    })
  }

  async updateSlo(ids: { slo: string; rule: string }, zone: string, change: SloUpdate) {
    return this.change(() => {
      this.place.setZone(zone)
      return this.people.slos.update(ids, change, Date.now())
    })
  }

  async removeSlo(id: string) {
    return this.change(() => this.people.slos.remove(id))
  }

  async erase(subject: string, token: string) {
    return this.ctx.storage.transactionSync(() => eraseEverywhere(this.ctx.storage.sql, eraserOf(subject, token)))
  }

  /** Sealed it judges nothing, tells nobody and refuses changes: the alerts go on in another cell. */
  async seal(sealed: boolean): Promise<void> {
    this.place.seal(sealed)
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

  /** All that is written in it, or nothing. @throws while the organization moves. */
  private change<T>(work: () => T): T {
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
