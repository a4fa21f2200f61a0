import type { RuleCreate } from '../../../contract/alert.ts'
import type { SloStatus } from '../../../contract/slo.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import { settleIncidents } from '../../../domain/alert/incident.ts'
import { judge, type JudgedRule } from '../../../domain/alert/judge.ts'
import type { Found, Need } from '../../../domain/alert/need.ts'
import { needOf } from '../../../domain/alert/questions.ts'
import type { Sample } from '../../../domain/alert/sample.ts'
import { covers } from '../../../domain/alert/silence.ts'
import { goneOf, stepAll } from '../../../domain/alert/state.ts'
import { newId } from '../../../domain/id.ts'
import { burnSample, sloNeed, sloStatus } from '../../../domain/slo/judge.ts'
import { findAll, type AlertSource } from '../../../services/alert/source.ts'
import type { AnswerRows } from './answer-rows.ts'
import type { IncidentRows } from './incident-rows.ts'
import type { Notifier } from './notifier.ts'
import type { RuleRows, StoredRule } from './rule-rows.ts'
import type { SilenceRows } from './silence-rows.ts'
import { heldSilences } from './silences.ts'
import type { SloRows, StoredSlo } from './slo-rows.ts'
import type { Slos } from './slos.ts'
import type { RuleState, StateRows } from './state-rows.ts'

export interface EvaluationParts {
  rules: RuleRows
  states: StateRows
  incidents: IncidentRows
  silences: SilenceRows
  slos: SloRows
  answers: AnswerRows
  objectives: Slos
  notifier: Notifier
  random(bytes: number): Uint8Array
}

interface Judged {
  rule: StoredRule
  /** Why it could not be judged. */
  error: string | null
  samples: Sample[]
}

const RANDOM_BYTES = 13
const FAILED = 'It could not be evaluated just now; it is tried again within a minute.'

/** Judges the rules and objectives of one organization: asks first, then decides all in one turn. */
export class Evaluation {
  private readonly parts: EvaluationParts

  constructor(parts: EvaluationParts) {
    this.parts = parts
  }

  /** Asks what all enabled rules and all objectives need. Nothing is written but answers that may be kept. */
  async look(source: AlertSource, tenant: Tenant, zone: string, nowMs: number): Promise<Looked> {
    const { rules, slos, answers } = this.parts
    answers.prune(nowMs)
    const objectives = slos.all()
    const judged = rules.all().filter(({ config }) => config.enabled && config.condition.type !== 'burn_rate')
    const needs = [
      ...judged.map(({ config }) => needOfRule(config, nowMs)),
      ...objectives.map(({ config }) => sloNeed(config, nowMs)),
    ]
    const projects = needs.length === 0 ? [] : await source.projects(tenant)
    const known = { ...source, projects: () => Promise.resolve(projects) }
    const found = needs.length === 0 ? [] : await findAll(known, answers, tenant, needs, nowMs)
    return {
      zone,
      projects,
      rules: judged.map((rule, i) => ({ rule, found: found[i] ?? new Error(FAILED) })),
      objectives: objectives.map((slo, i) => ({ slo, found: found[judged.length + i] ?? new Error(FAILED) })),
    }
  }

  /** To be called in one turn: states, incidents and what is told of them are written together, or not at all. */
  settle(looked: Looked, tenant: Tenant, nowMs: number): void {
    const { rules, states, objectives } = this.parts
    const statuses = judgeObjectives(looked, nowMs)
    objectives.judged(new Map([...statuses].map(([id, { status }]) => [id, status])))
    const found = new Map(looked.rules.map((one) => [one.rule.id, one]))
    const after = states.all()
    for (const rule of rules.all()) {
      const seen = found.get(rule.id)
      // Changed or made while was asked: its turn comes with the next.
      const isStale = seen !== undefined && seen.rule.updated_ms !== rule.updated_ms
      if (isStale || (seen === undefined && rule.config.enabled && rule.config.condition.type !== 'burn_rate')) continue
      const judged = !rule.config.enabled
        ? { rule, error: null, samples: [] }
        : judgeOne(rule, seen?.found ?? null, looked, statuses, nowMs)
      after.set(rule.id, this.settleRule(judged, after.get(rule.id), tenant, nowMs))
    }
    states.save(after)
  }

  /** A rule that is gone: its incidents are over. */
  close(rule: StoredRule, tenant: Tenant, nowMs: number): void {
    const off = { ...rule, config: { ...rule.config, enabled: false } }
    this.settleRule({ rule: off, error: null, samples: [] }, undefined, tenant, nowMs)
  }

  private settleRule(
    { rule, error, samples }: Judged,
    before: RuleState | undefined,
    tenant: Tenant,
    nowMs: number,
  ): RuleState {
    const { config, id } = rule
    if (error !== null) return { evaluated_ms: before?.evaluated_ms ?? null, error, instances: before?.instances ?? [] }
    const judged = config as JudgedRule
    const gone =
      config.condition.type === 'burn_rate' || config.condition.type === 'budget' ? goneForGood : goneOf(judged)
    const instances = config.enabled ? stepAll(before?.instances ?? [], samples, config, gone, nowMs) : []
    const { incidents, silences, notifier } = this.parts
    const held = heldSilences(silences.all(), nowMs)
    const { changed, told } = settleIncidents({
      rule: { ...config, id },
      instances,
      open: incidents.firing().filter(({ rule_id }) => rule_id === id),
      resolved: (key) => incidents.lastResolved(id, key),
      isSilenced: (group) => held.some((silence) => covers(silence, id, group, nowMs)),
      newId: () => newId('incident', nowMs, this.parts.random(RANDOM_BYTES)),
      nowMs,
    })
    for (const incident of changed) incidents.put(incident)
    notifier.tell(told, tenant.org_id, nowMs)
    return { evaluated_ms: nowMs, error: null, instances }
  }
}

/** What was found for each rule and objective. */
export interface Looked {
  zone: string
  projects: string[]
  rules: { rule: StoredRule; found: Found | Error }[]
  objectives: { slo: StoredSlo; found: Found | Error }[]
}

type Statuses = Map<string, { slo: StoredSlo; status: SloStatus | null }>

function needOfRule({ condition, project_id }: RuleCreate, nowMs: number): Need {
  if (condition.type === 'burn_rate') return { questions: [], budgets: false }
  return needOf(condition, project_id, nowMs)
}

/** Those that could not be looked at keep what they had. */
function judgeObjectives({ objectives }: Looked, nowMs: number): Statuses {
  const statuses: Statuses = new Map()
  for (const { slo, found } of objectives)
    if (!(found instanceof Error)) statuses.set(slo.id, { slo, status: sloStatus(slo.config, found, nowMs) })
  return statuses
}

function judgeOne(
  rule: StoredRule,
  found: Found | Error | null,
  looked: Looked,
  statuses: Statuses,
  nowMs: number,
): Judged {
  const { condition, project_id } = rule.config
  const failed = (error: string): Judged => ({ rule, error, samples: [] })
  if (project_id !== null && looked.projects.length > 0 && !looked.projects.includes(project_id))
    return failed('Its project does not exist any more.')
  if (condition.type === 'burn_rate') {
    const known = statuses.get(condition.slo_id)
    if (known === undefined) return failed(FAILED)
    return { rule, error: null, samples: [burnSample(known.status, known.slo.config, condition.windows)] }
  }
  if (found === null || found instanceof Error) return failed(FAILED)
  return { rule, error: null, samples: judge(rule.config as JudgedRule, found, nowMs, looked.zone) }
}

const goneForGood = (group: Sample['group']): Sample => ({
  group,
  value: null,
  severity: null,
  usual: null,
  unknown: null,
  detail: 'It is not there any more.',
})
