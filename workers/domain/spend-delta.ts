import type { SpendDelta } from '../contract/budget.ts'
import type { MoneyTuple } from './rollup-row.ts'

const QUARTER_MS = 900_000

/** Groups a commit's money tuples into the quarter-hour deltas that TenantBudget keeps. */
export function spendDeltas(
  money: readonly MoneyTuple[],
  project: { project_id: string; workspace_id: string },
): SpendDelta[] {
  const groups = new Map<string, SpendDelta>()
  for (const tuple of money) {
    const [
      kind,
      minute_ms,
      ,
      agent_id,
      workflow_id,
      ,
      ,
      provider,
      model,
      ,
      ,
      user_id,
      cost,
      paid,
      ,
      prompt,
      completion,
    ] = tuple
    // Money that is in a group of its own kind already.
    if (kind === 'leak') continue
    const quarter_ms = Math.floor(minute_ms / QUARTER_MS) * QUARTER_MS
    const key = [quarter_ms, agent_id, workflow_id, provider, model, user_id].join('\n')
    const group = groups.get(key)
    if (group) {
      group.cost_nanousd += cost
      group.tokens += prompt + completion
      group.entries += paid
    } else {
      groups.set(key, {
        quarter_ms,
        project_id: project.project_id,
        workspace_id: project.workspace_id,
        agent_id,
        workflow_id,
        provider,
        model,
        user_id,
        cost_nanousd: cost,
        tokens: prompt + completion,
        entries: paid,
      })
    }
  }
  return [...groups.values()]
}
