import { Page } from '../../workers/contract/api.ts'
import { AuditItem } from '../../workers/contract/audit.ts'
import { Budget, Extension } from '../../workers/contract/budget.ts'
import { expectCall, until, type Session } from './harness.ts'

export const PLANNED_USD = '123.000000000'
const DAY_MS = 86_400_000

/** What people made besides the events of agents, as the answers to their calls said. */
export interface Made {
  projectId: string
  budget: Budget
  granted: Extension
  waiting: Extension
}

/** A budget of the organization with a plan for each month that a test may run in, and two extensions, one granted. */
export async function makeThings(session: Session, { org, projectId }: { org: { id: string }; projectId: string }) {
  const at = `/api/v1/orgs/${org.id}`
  const months = [-1, 0, 1].map((days) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 7))
  const budget = await expectCall(session, 'POST', `${at}/budgets`, {
    status: 201,
    schema: Budget,
    body: {
      name: 'All of it',
      scope: { type: 'org' },
      period: 'month',
      limit_usd: '900000.00',
      thresholds: [],
      planned_usd: Object.fromEntries(months.map((month) => [month, PLANNED_USD])),
    },
  })
  const ask = (reason: string, amount_usd: string) =>
    expectCall(session, 'POST', `${at}/budgets/${budget.id}/extensions`, {
      status: 201,
      schema: Extension,
      body: { amount_usd, reason, until: new Date(Date.now() + DAY_MS).toISOString() },
    })
  const asked = await ask('a busy day', '2.50')
  const granted = await expectCall(session, 'POST', `${at}/extensions/${asked.id}/grant`, {
    status: 200,
    schema: Extension,
  })
  const waiting = await ask('a busier day', '7.25')
  await until(
    async () => {
      const { data } = await expectCall(session, 'GET', `${at}/audit`, { status: 200, schema: Page(AuditItem) })
      return data.filter(({ target }) => target.id === waiting.id).length === 1 || undefined
    },
    { timeoutMs: 20_000, everyMs: 200, what: 'what was made in the audit log' },
  )
  return { projectId, budget, granted, waiting }
}
