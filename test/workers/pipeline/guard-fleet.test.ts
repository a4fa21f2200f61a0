import fc from 'fast-check'
import { expect, it } from 'vitest'
import { usd } from '../../../workers/domain/money.ts'
import { BOOK_AFTER_MS } from '../../../workers/pipeline/objects/budget/guard.ts'
import { nano, ownDays, worldOf } from '../../support/guard.ts'
import { runFleet } from '../../support/guard-fleet.ts'

const pass = ownDays()
const LIMIT = 60_000

it('a thousand agents at once never pass a hard budget, and what they spent is in the ledger, whatever crashes and comes twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const w = worldOf()
      await w.budget({ limit_usd: usd(LIMIT) })
      const scopes = {
        project: w.tenant.project_id,
        workspace: w.tenant.workspace_id,
        agent: 'bot 3',
        model: 'gpt-4o',
        user: 'u1',
      }
      const limits = { project: LIMIT * 2, workspace: LIMIT, agent: LIMIT / 40, model: LIMIT / 2, user: 100 }
      for (const [type, id] of Object.entries(scopes)) {
        const limit_usd = usd(limits[type as keyof typeof limits])
        await w.budget({ name: type, scope: { type, id }, limit_usd, hard: type !== 'user', period: 'day' })
      }
      const fleet = await runFleet(w, { agents: 1000, seed, crashes: 6 })
      expect(fleet.passed).toEqual([])
      expect([fleet.allowed > 100, fleet.refused > 100, fleet.retried > 0]).toEqual([true, true, true])
      pass(BOOK_AFTER_MS)
      const total = await w.booked()
      const spent = (key: string) => usd(fleet.spent.get(key) ?? 0)
      expect(usd(Number(total.cost_nanousd))).toBe(spent('all'))
      const budgets = new Map((await w.rpc().budgets()).map((budget) => [budget.name, budget]))
      for (const [name, key] of [
        ['All', 'all'],
        ['project', 'all'],
        ['workspace', 'all'],
        ['agent', 'bot 3'],
        ['model', 'gpt-4o'],
      ] as const)
        expect(budgets.get(name), name).toMatchObject({ spent_usd: spent(key), reserved_usd: usd(0) })
      expect(nano(spent('all'))).toBeLessThanOrEqual(LIMIT)
    }),
    // One fleet has a thousand interleavings; the seed of the next run is another.
    { numRuns: 1, endOnFailure: true },
  )
}, 120_000)
