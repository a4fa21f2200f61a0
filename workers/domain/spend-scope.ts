import type { BudgetScope, SpendDelta } from '../contract/budget.ts'

/** Every scope that an amount counts for; an empty id means that the event named none. */
export function scopesOf(delta: SpendDelta): [scope: BudgetScope, id: string][] {
  const all: [BudgetScope, string][] = [
    ['workspace', delta.workspace_id],
    ['project', delta.project_id],
    ['agent', delta.agent_id],
    ['workflow', delta.workflow_id],
    ['provider', delta.provider],
    ['model', delta.model],
    ['user', delta.user_id],
  ]
  return [['org', ''], ...all.filter(([, id]) => id !== '')]
}
