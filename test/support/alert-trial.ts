import type { Group, RuleCreate } from '../../workers/contract/alert.ts'
import type { Budget } from '../../workers/contract/budget.ts'
import { settleIncidents, type StoredIncident, type Telling } from '../../workers/domain/alert/incident.ts'
import { judge } from '../../workers/domain/alert/judge.ts'
import type { Found } from '../../workers/domain/alert/need.ts'
import { needOf } from '../../workers/domain/alert/questions.ts'
import { goneOf, stepAll, type StoredInstance } from '../../workers/domain/alert/state.ts'
import type { Traffic } from './alert-answers.ts'
import { ZONE } from './alert-world.ts'

/** A rule that is evaluated again and again, and what that leaves: what the object does, without an object. */
export class Trial {
  instances: StoredInstance[] = []
  readonly incidents = new Map<string, StoredIncident>()
  readonly told: (Telling & { at_ms: number })[] = []
  readonly rule: RuleCreate
  private readonly isSilenced: (group: Group, atMs: number) => boolean

  constructor(rule: RuleCreate, isSilenced: (group: Group, atMs: number) => boolean = () => false) {
    this.rule = { ...rule, channels: ['chn_1'] }
    this.isSilenced = isSilenced
  }

  evaluate(traffic: Traffic, nowMs: number, budgets: Budget[] = []): void {
    const { condition } = this.rule
    if (condition.type === 'burn_rate') throw new Error('objectives are judged elsewhere')
    const found = { ...traffic.answer(needOf(condition, this.rule.project_id, nowMs)), budgets }
    this.settle(found, nowMs)
  }

  settle(found: Found, nowMs: number): void {
    const { condition } = this.rule
    if (condition.type === 'burn_rate') throw new Error('objectives are judged elsewhere')
    const judged = { ...this.rule, condition }
    this.instances = stepAll(this.instances, judge(judged, found, nowMs, ZONE), this.rule, goneOf(judged), nowMs)
    this.decide(nowMs)
  }

  /** Incidents of the instances as they are. */
  decide(nowMs: number): void {
    const all = [...this.incidents.values()]
    const { changed, told } = settleIncidents({
      rule: { ...this.rule, id: 'rul_1' },
      instances: this.instances,
      open: all.filter(({ state }) => state === 'firing'),
      resolved: (key) => all.findLast((one) => one.key === key && one.state === 'resolved') ?? null,
      isSilenced: (group) => this.isSilenced(group, nowMs),
      newId: () => `inc_${this.incidents.size + changedIds++}`,
      nowMs,
    })
    for (const one of changed) this.incidents.set(one.id, one)
    this.told.push(...told.map((one) => ({ ...one, at_ms: nowMs })))
  }
}

let changedIds = 1
