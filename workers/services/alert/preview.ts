import type { Instance, RuleCreate } from '../../contract/alert.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { judge, type JudgedRule } from '../../domain/alert/judge.ts'
import { needOf } from '../../domain/alert/questions.ts'
import { AppError } from '../../domain/errors.ts'
import type { Asker } from './port.ts'
import { findAll, type AlertSource } from './source.ts'

const SHOWN_MAX = 50
const NO_CACHE = { get: () => undefined, put: () => {} }

/** What a rule would find now, without waiting and without telling anybody. @throws AppError invalid_input. */
export async function previewRule(
  source: AlertSource,
  tenant: Tenant,
  { zone, projects }: Asker,
  rule: RuleCreate,
  nowMs: number,
): Promise<Instance[]> {
  const { condition } = rule
  if (condition.type === 'burn_rate')
    throw new AppError('invalid_input', 'What an objective says stands with the objective.', {
      errors: [{ pointer: '/condition/type', detail: 'is judged with its objective' }],
    })
  const seen = { ...source, projects: () => Promise.resolve(projects) }
  const [found] = await findAll(seen, NO_CACHE, tenant, [needOf(condition, rule.project_id, nowMs)], nowMs)
  if (found === undefined || found instanceof Error) throw found ?? new Error('no answer')
  return judge(rule as JudgedRule, found, nowMs, zone)
    .sort((a, b) => Number(b.severity !== null) - Number(a.severity !== null))
    .slice(0, SHOWN_MAX)
    .map(({ group, severity, value, usual, detail, unknown }) => ({
      group,
      state: severity !== null ? 'firing' : unknown === 'no_data' ? 'no_data' : 'inactive',
      severity,
      since: new Date(nowMs).toISOString(),
      value,
      usual,
      detail,
    }))
}
