import { RULES_MAX, type Rule, type RuleCreate, type RuleUpdate } from '../../contract/alert.ts'
import type { Slo } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import { FOLLOWED } from '../../domain/slo/rule.ts'
import { changing } from './changing.ts'
import { isSeenBy, type AlertDeps, type Asker } from './port.ts'

const RANDOM_BYTES = 13
const MISSING = 'There is no such rule.'

export async function listRules(deps: AlertDeps, tenant: Tenant, asker: Asker): Promise<Rule[]> {
  return (await deps.of(tenant).rules()).filter(isSeenBy(asker))
}

/** @throws AppError not_found. */
export async function readRule(deps: AlertDeps, tenant: Tenant, asker: Asker, id: string): Promise<Rule> {
  const rule = await deps.of(tenant).rule(id)
  if (rule === null || !isSeenBy(asker)(rule)) throw new AppError('not_found', MISSING)
  return rule
}

/** @throws AppError invalid_input for what it names and is not there, conflict when there are too many. */
export async function createRule(deps: AlertDeps, tenant: Tenant, asker: Asker, input: RuleCreate): Promise<Rule> {
  await checkTargets(deps, tenant, asker, input)
  const id = newId('rule', deps.now(), deps.random(RANDOM_BYTES))
  const rule = await changing(() => deps.of(tenant).createRule(tenant, id, asker.zone, input))
  if (rule === null)
    throw new AppError('conflict', `An organization has at most ${RULES_MAX} alert rules: remove one first.`)
  return rule
}

/** The rule as it was and as it is. @throws AppError not_found, invalid_input. */
export async function updateRule(
  deps: AlertDeps,
  tenant: Tenant,
  asker: Asker,
  { id, change }: { id: string; change: RuleUpdate },
): Promise<{ before: Rule; after: Rule }> {
  const before = await readRule(deps, tenant, asker, id)
  await refuseFollowed(deps, tenant, before, change)
  // What it names and is left as it was is not looked at: it may be gone since.
  await checkTargets(deps, tenant, asker, change)
  const after = await changing(() => deps.of(tenant).updateRule(id, asker.zone, change))
  if (after === null) throw new AppError('not_found', MISSING)
  return { before, after }
}

/** @throws AppError not_found. */
export async function removeRule(deps: AlertDeps, tenant: Tenant, asker: Asker, id: string): Promise<Rule> {
  const rule = await readRule(deps, tenant, asker, id)
  const slo = await followed(deps, tenant, rule)
  if (slo !== null)
    throw new AppError(
      'conflict',
      `This rule belongs to the objective “${slo.name}”: remove that, or turn its alerts off.`,
    )
  await changing(() => deps.of(tenant).removeRule(id))
  return rule
}

/** The objective whose own rule this is. */
async function followed(deps: AlertDeps, tenant: Tenant, rule: Rule): Promise<Slo | null> {
  if (rule.condition.type !== 'burn_rate') return null
  return (await deps.of(tenant).slos()).find(({ rule_id }) => rule_id === rule.id) ?? null
}

/** What an objective decides of its rule is changed there. @throws AppError invalid_input. */
async function refuseFollowed(deps: AlertDeps, tenant: Tenant, rule: Rule, change: RuleUpdate): Promise<void> {
  const named = FOLLOWED.filter((field) => change[field] !== undefined)
  const slo = named.length > 0 ? await followed(deps, tenant, rule) : null
  if (slo === null) return
  const errors = named.map((field) => ({ pointer: `/${field}`, detail: 'is changed at the objective' }))
  throw new AppError('invalid_input', `This rule follows the objective “${slo.name}”: change that instead.`, { errors })
}

/** Projects, budgets, objectives and channels that a rule names must be there, and be seen. @throws AppError. */
export async function checkTargets(
  deps: AlertDeps,
  tenant: Tenant,
  { projects, isPartial }: Asker,
  { project_id, condition, channels, escalation }: RuleUpdate,
): Promise<void> {
  const errors: { pointer: string; detail: string }[] = []
  const refuse = (pointer: string, detail: string) => errors.push({ pointer, detail })
  if (project_id === null && isPartial)
    refuse('/project_id', 'names one of your projects: you are a member of some projects only')
  if (project_id != null && !projects.includes(project_id)) refuse('/project_id', 'there is no such project')
  const budget = condition?.type === 'budget' ? condition.budget_id : null
  if (budget !== null && !(await deps.budgetIds(tenant)).includes(budget))
    refuse('/condition/budget_id', 'there is no such budget')
  const named = [
    ...(channels ?? []).map((id, i) => [`/channels/${i}`, id] as const),
    ...(escalation?.channels ?? []).map((id, i) => [`/escalation/channels/${i}`, id] as const),
  ]
  if (named.length > 0 || condition?.type === 'burn_rate') {
    const known = await deps.of(tenant).targets()
    for (const [pointer, id] of named) if (!known.channels.includes(id)) refuse(pointer, 'there is no such channel')
    if (condition?.type === 'burn_rate' && !known.slos.includes(condition.slo_id))
      refuse('/condition/slo_id', 'there is no such objective')
  }
  const [first] = errors
  if (first) throw new AppError('invalid_input', `${first.pointer}: ${first.detail}.`, { errors })
}
