import type { Budget } from '../../contract/budget.ts'
import type { Indicator, SloCreate, SloUpdate } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { planMetrics } from '../../domain/metrics-plan.ts'
import { eventQuestions } from '../../domain/slo/events.ts'
import type { Asker } from '../alert/port.ts'
import { checkTargets } from '../alert/rules.ts'
import type { SloDeps } from './port.ts'

const DIGITS = 6
/** Enough to ask one question. */
const ANY_WINDOW = { window_days: 28, project_id: null } as const

/** What of an objective is checked: all of a new one, what changes of another. */
type Given = SloUpdate & { indicator?: Indicator }

/**
 * Checks what an objective names, and fills in what its budget decides. What a change leaves as it was is not looked
 * at: it may be gone since.
 * @param whole the objective as it will be. @throws AppError invalid_input.
 */
export async function checked(
  deps: SloDeps,
  tenant: Tenant,
  asker: Asker,
  { given, whole }: { given: Given; whole: Pick<SloCreate, 'indicator' | 'project_id'> },
): Promise<Given> {
  const { channels, indicator } = given
  const isOfBudget = whole.indicator.type === 'budget_variance'
  // Who sees some projects may name a budget of one of them instead.
  const project = isOfBudget ? (given.project_id ?? undefined) : given.project_id
  await checkTargets(deps.alerts, tenant, asker, { project_id: project, channels })
  if (whole.indicator.type !== 'budget_variance') {
    if (indicator !== undefined) checkFilters(whole.indicator, deps.now())
    return given
  }
  const objective = Number((1 - whole.indicator.tolerance).toFixed(DIGITS))
  if (indicator === undefined && given.project_id === undefined) return { ...given, objective }
  const budget = await deps.budgets(tenant).budget(whole.indicator.budget_id)
  if (budget === null || !isSeen(budget, asker)) throw refused('/indicator/budget_id', 'there is no such budget')
  const own = projectOf(budget)
  if (given.project_id != null && given.project_id !== own)
    throw refused('/project_id', 'is that of the budget’s scope: leave it out')
  return { ...given, objective, project_id: own }
}

/** An indicator that names what its operations do not carry would never find anything. */
function checkFilters(indicator: Exclude<Indicator, { type: 'budget_variance' }>, nowMs: number): void {
  const [question] = eventQuestions(indicator, ANY_WINDOW, nowMs)
  try {
    if (question !== undefined) planMetrics(question.query, nowMs)
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_input') throw refused('/indicator/filters', error.detail)
    throw error
  }
}

const projectOf = ({ scope }: Budget) => (scope.type === 'project' ? scope.id : null)

function isSeen(budget: Budget, { isPartial, projects }: Asker): boolean {
  const own = projectOf(budget)
  return !isPartial || (own !== null && projects.includes(own))
}

export const refused = (pointer: string, detail: string) =>
  new AppError('invalid_input', `${pointer}: ${detail.replace(/\.$/, '')}.`, { errors: [{ pointer, detail }] })
