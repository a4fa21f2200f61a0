import type { Budget, SpendRange, SpendSum } from '../../contract/budget.ts'
import type { MetricsAnswer, MetricsQuery } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Found, Need, Question } from '../../domain/alert/need.ts'

/** What rules are judged by: exact numbers, never sampled ones. */
export interface AlertSource {
  /** Those that are not deleted. */
  projects(tenant: Tenant): Promise<string[]>
  metrics(tenant: Tenant, projectIds: readonly string[], query: MetricsQuery): Promise<MetricsAnswer['data']>
  budgets(tenant: Tenant): Promise<Budget[]>
  /** Null for a budget that does not exist. */
  spending(tenant: Tenant, budgetId: string, range: SpendRange): Promise<SpendSum[] | null>
}

/** Answers that may be kept until a moment. */
export interface AnswerCache {
  get(key: string, nowMs: number): unknown
  put(key: string, answer: unknown, untilMs: number): void
}

/** D1 answers so many at once without one waiting for the others. */
const AT_ONCE = 4

/**
 * Asks what several rules need to know: the same question once, and those whose answers are kept not at all.
 * @returns of each need what was found, or why it could not be.
 */
export async function findAll(
  source: AlertSource,
  cache: AnswerCache,
  tenant: Tenant,
  needs: readonly Need[],
  nowMs: number,
): Promise<(Found | Error)[]> {
  const projects = await source.projects(tenant)
  const asked = new Map<string, () => Promise<unknown>>()
  for (const { questions, spend = [] } of needs) {
    for (const question of questions) asked.set(keyOf(question), () => source.metrics(tenant, projects, question.query))
    for (const one of spend) asked.set(keyOf(one), () => source.spending(tenant, one.budget_id, one.range))
  }
  if (needs.some(({ budgets }) => budgets)) asked.set(BUDGETS, () => source.budgets(tenant))
  const kept = new Map<string, number>()
  for (const { questions, spend = [] } of needs)
    for (const one of [...questions, ...spend]) if (one.keep_until_ms !== null) kept.set(keyOf(one), one.keep_until_ms)
  const answers = await answerAll(asked, cache, kept, projects.toSorted().join(' '), nowMs)
  return needs.map((need) => foundOf(need, answers))
}

const BUDGETS = 'budgets'
const keyOf = ({ keep_until_ms: _, name: _name, ...question }: Question | NonNullable<Need['spend']>[number]) =>
  JSON.stringify(question)

async function answerAll(
  asked: ReadonlyMap<string, () => Promise<unknown>>,
  cache: AnswerCache,
  kept: ReadonlyMap<string, number>,
  /** Whose answers they are: a project that is deleted, or made, changes all of them. */
  projects: string,
  nowMs: number,
): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>()
  const open = [...asked].filter(([key]) => {
    const known = cache.get(`${projects} ${key}`, nowMs)
    if (known !== undefined) answers.set(key, known)
    return known === undefined
  })
  const next = async (): Promise<void> => {
    for (let one = open.shift(); one !== undefined; one = open.shift()) {
      const [key, ask] = one
      try {
        const answer = await ask()
        answers.set(key, answer)
        const until = kept.get(key)
        if (until !== undefined) cache.put(`${projects} ${key}`, answer, until)
      } catch (error) {
        answers.set(key, error instanceof Error ? error : new Error('unknown'))
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
  return answers
}

function foundOf(need: Need, answers: ReadonlyMap<string, unknown>): Found | Error {
  const found: Found = { answers: {}, budgets: [], spend: {} }
  for (const question of need.questions) {
    const answer = answers.get(keyOf(question))
    if (answer instanceof Error) return answer
    found.answers[question.name] = answer as MetricsAnswer['data']
  }
  for (const one of need.spend ?? []) {
    const answer = answers.get(keyOf(one))
    if (answer instanceof Error) return answer
    found.spend = { ...found.spend, [one.name]: answer as SpendSum[] | null }
  }
  if (!need.budgets) return found
  const budgets = answers.get(BUDGETS)
  return budgets instanceof Error ? budgets : { ...found, budgets: budgets as Budget[] }
}
