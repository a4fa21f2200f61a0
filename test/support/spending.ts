import type { SpendDelta } from '../../workers/contract/budget.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
export const NANO = 1_000_000_000

/** Nano-dollars in the hour that begins at `hourMs` (UTC). */
export type Hourly = (hourMs: number) => number

/** Work from 8 to 18 UTC: 10 dollars on a working day and 2 on others, a few per cent more or less. */
export const officeHours: Hourly = (hourMs) => {
  const hour = (hourMs % DAY_MS) / HOUR_MS
  if (hour < 8 || hour >= 18) return 0
  const day = Math.floor(hourMs / DAY_MS)
  const usual = ((day + 4) % 7) % 6 === 0 ? 0.2 : 1
  // Irregular, and the same in every run.
  const more = 1 + 0.06 * Math.sin(day * 12.9898 + hour * 78.233)
  return Math.round(usual * more * NANO)
}

/** Deltas as commits bring them, an hour at a time. */
export function spendOf(fromMs: number, toMs: number, hourly: Hourly, more: Partial<SpendDelta> = {}): SpendDelta[] {
  const deltas: SpendDelta[] = []
  for (let at = fromMs; at < toMs; at += HOUR_MS)
    if (hourly(at) > 0)
      deltas.push({
        quarter_ms: at,
        workspace_id: 'ws',
        project_id: 'prj',
        agent_id: 'bot',
        workflow_id: 'flow',
        provider: 'openai',
        model: 'gpt-4o',
        user_id: '',
        cost_nanousd: hourly(at),
        tokens: 1,
        entries: 1,
        ...more,
      })
  return deltas
}

export function costOf(deltas: readonly SpendDelta[]): bigint {
  return deltas.reduce((sum, { cost_nanousd }) => sum + BigInt(cost_nanousd), 0n)
}
