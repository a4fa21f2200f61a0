import {
  RULES_MAX,
  type Instance,
  type InstanceState,
  type Rule,
  type RuleCreate,
  type RuleUpdate,
  type Severity,
} from '../../../contract/alert.ts'
import type { RuleRows, StoredRule } from './rule-rows.ts'
import type { StoredInstance } from '../../../domain/alert/state.ts'
import type { RuleState, StateRows } from './state-rows.ts'

const INSTANCES_SHOWN = 50
const iso = (ms: number) => new Date(ms).toISOString()

/** What people do with the rules of one organization. */
export class Rules {
  private readonly rows: RuleRows
  private readonly states: StateRows

  constructor(rows: RuleRows, states: StateRows) {
    this.rows = rows
    this.states = states
  }

  list(): Rule[] {
    const states = this.states.all()
    return this.rows.all().map((rule) => ruleView(rule, states.get(rule.id)))
  }

  find(id: string): Rule | null {
    const rule = this.rows.find(id)
    return rule && ruleView(rule, this.states.all().get(id))
  }

  create(id: string, config: RuleCreate, nowMs: number): Rule | null {
    if (this.rows.count() >= RULES_MAX) return null
    this.rows.put({ id, config, created_ms: nowMs, updated_ms: nowMs })
    return this.find(id)
  }

  update(id: string, change: RuleUpdate, nowMs: number): Rule | null {
    const rule = this.rows.find(id)
    if (rule === null) return null
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    this.rows.put({ ...rule, config: { ...rule.config, ...given }, updated_ms: nowMs })
    return this.find(id)
  }

  remove(id: string): boolean {
    if (this.rows.find(id) === null) return false
    this.rows.remove(id)
    this.states.remove(id)
    return true
  }
}

/** The most urgent first. */
const URGENCY: Record<InstanceState, number> = { firing: 0, pending: 2, no_data: 3, inactive: 4 }
const urgencyOf = ({ state, severity }: { state: InstanceState; severity: Severity | null }) =>
  URGENCY[state] + (state === 'firing' && severity !== 'critical' ? 1 : 0)

function ruleView({ id, config, created_ms, updated_ms }: StoredRule, state: RuleState | undefined): Rule {
  const instances = [...(state?.instances ?? [])].sort((a, b) => urgencyOf(a) - urgencyOf(b))
  const worst = instances[0]
  return {
    ...config,
    id,
    state: config.enabled ? (worst?.state ?? 'inactive') : 'disabled',
    severity: config.enabled ? (worst?.severity ?? null) : null,
    instances: instances.slice(0, INSTANCES_SHOWN).map(instanceView),
    evaluated_at: state?.evaluated_ms == null ? null : iso(state.evaluated_ms),
    evaluation_error: state?.error ?? null,
    created_at: iso(created_ms),
    updated_at: iso(updated_ms),
  }
}

function instanceView({ group, state, severity, since_ms, value, usual, detail }: StoredInstance): Instance {
  return { group, state, severity, since: iso(since_ms), value, usual, detail }
}
