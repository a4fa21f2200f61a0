import { RULES_MAX } from '../../../contract/alert.ts'
import {
  SLOS_MAX,
  type Slo,
  type SloCreate,
  type SloStatus,
  type SloUpdate,
  type TooMany,
} from '../../../contract/slo.ts'
import { ruleOf } from '../../../domain/slo/rule.ts'
import type { RuleRows } from './rule-rows.ts'
import type { Rules } from './rules.ts'
import type { SloRows, StoredSlo } from './slo-rows.ts'

/** What people do with the objectives of one organization; the rule of each follows it. */
export class Slos {
  private readonly rows: SloRows
  private readonly ruleRows: RuleRows
  private readonly rules: Rules

  constructor(rows: SloRows, ruleRows: RuleRows, rules: Rules) {
    this.rows = rows
    this.ruleRows = ruleRows
    this.rules = rules
  }

  list(): Slo[] {
    const statuses = this.rows.statuses()
    return this.rows.all().map((slo) => sloView(slo, statuses.get(slo.id) ?? null))
  }

  find(id: string): Slo | null {
    const slo = this.rows.find(id)
    return slo && sloView(slo, this.rows.statuses().get(id) ?? null)
  }

  create(ids: { slo: string; rule: string }, config: SloCreate, nowMs: number): Slo | TooMany {
    if (this.rows.count() >= SLOS_MAX) return 'too_many_slos'
    return this.put({ id: ids.slo, rule_id: null, config, created_ms: nowMs }, ids.rule, nowMs)
  }

  update(ids: { slo: string; rule: string }, change: SloUpdate, nowMs: number): Slo | TooMany | null {
    const before = this.rows.find(ids.slo)
    if (before === null) return null
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const config = { ...before.config, ...given }
    const after = this.put({ ...before, config }, ids.rule, nowMs)
    if (isTooMany(after) || !changesMeaning(change)) return after
    // How it stood says nothing of what it is now.
    this.forget(ids.slo)
    return this.find(ids.slo)
  }

  remove(id: string): boolean {
    const slo = this.rows.find(id)
    if (slo === null) return false
    if (slo.rule_id !== null) this.rules.remove(slo.rule_id)
    this.rows.remove(id)
    this.forget(id)
    return true
  }

  /** How objectives stand, as they were judged together; of those that are gone by now nothing is kept. */
  judged(statuses: ReadonlyMap<string, SloStatus | null>): void {
    if (statuses.size === 0) return
    const kept = this.rows.statuses()
    for (const [id, status] of statuses)
      if (status === null) kept.delete(id)
      else kept.set(id, status)
    const known = new Set(this.rows.all().map(({ id }) => id))
    this.rows.saveStatuses(new Map([...kept].filter(([id]) => known.has(id))))
  }

  private put(slo: StoredSlo, newRuleId: string, nowMs: number): Slo | TooMany {
    const known = slo.rule_id === null ? null : this.ruleRows.find(slo.rule_id)
    const config = ruleOf(slo.id, slo.config, known?.config ?? null)
    if (config === null) {
      if (known !== null) this.rules.remove(known.id)
      return this.store({ ...slo, rule_id: null })
    }
    if (known === null && this.ruleRows.count() >= RULES_MAX) return 'too_many_rules'
    const rule = known ?? { id: newRuleId, created_ms: nowMs }
    this.ruleRows.put({ ...rule, config, updated_ms: nowMs })
    return this.store({ ...slo, rule_id: rule.id })
  }

  private store(slo: StoredSlo): Slo {
    this.rows.put(slo)
    return sloView(slo, this.rows.statuses().get(slo.id) ?? null)
  }

  private forget(id: string): void {
    const statuses = this.rows.statuses()
    if (statuses.delete(id)) this.rows.saveStatuses(statuses)
  }
}

const isTooMany = (made: Slo | TooMany): made is TooMany => typeof made === 'string'

function changesMeaning({ indicator, objective, window_days, project_id }: SloUpdate): boolean {
  return [indicator, objective, window_days, project_id].some((value) => value !== undefined)
}

function sloView({ id, rule_id, config, created_ms }: StoredSlo, status: SloStatus | null): Slo {
  return { ...config, id, rule_id, status, created_at: new Date(created_ms).toISOString() }
}
