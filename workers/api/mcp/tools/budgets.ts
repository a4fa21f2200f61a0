import * as z from 'zod'
import { Page } from '../../../contract/api.ts'
import { Budget } from '../../../contract/budget.ts'
import { at } from '../caller.ts'
import { pageUrl } from '../links.ts'
import { pageOf } from '../page.ts'
import { orgAsked, OrgInput } from '../place.ts'
import { count, lines, money, quoted } from '../say.ts'
import { tool } from '../tool.ts'

/** From here on a budget is near its limit, in percent: the second of the thresholds that budgets have by default. */
const NEAR_PERCENT = 80

const Row = Budget.pick({
  id: true,
  name: true,
  scope: true,
  period: true,
  hard: true,
  on_limit: true,
  limit_usd: true,
  extension: true,
  spent_usd: true,
  reserved_usd: true,
  left_usd: true,
  time_zone: true,
  period_start: true,
  resets_at: true,
  forecast: true,
  forecast_reason: true,
}).extend({
  used_percent: z
    .number()
    .describe('Spent and reserved, of the limit with its extension; rounded down, the amounts are exact'),
  near: z.boolean().describe(`${NEAR_PERCENT} percent are used, or the period is more likely than not to end above`),
  url: z.string(),
})
type Row = z.infer<typeof Row>

/** Budgets, and which are about to be used up. */
export const getBudgets = tool({
  name: 'get_budgets',
  title: 'Budgets',
  description:
    'Budgets of an organization in their present period, the most used first: limit, spent, reserved by running agents, what is left, and the forecast of the period’s end with the probability of an overrun.',
  input: z.object({
    ...OrgInput,
    near_only: z.boolean().default(false).describe('Only those that are near their limit, or expected to pass it'),
    limit: z.number().int().min(1).max(100).default(50),
    cursor: z.string().max(20).optional(),
  }),
  output: z.object({
    budgets: z.array(Row),
    near: z.number().describe('How many of all are near their limit'),
    total: z.number(),
    next_cursor: z.string().nullable(),
    url: z.string(),
  }),
  async run(asked, caller) {
    const org = await orgAsked(caller, asked)
    const { data } = await caller.ask(at`/api/v1/orgs/${org.id}/budgets`, Page(Budget))
    const all = data
      .map((budget): Row => {
        const used_percent = usedPercent(budget)
        const near = used_percent >= NEAR_PERCENT || (budget.forecast?.overrun_probability ?? 0) > 0.5
        return { ...budget, used_percent, near, url: pageUrl(caller, org, `budgets/${budget.id}`) }
      })
      .sort((a, b) => b.used_percent - a.used_percent || (a.id < b.id ? -1 : 1))
    const wanted = all.filter(({ near }) => near || !asked.near_only)
    const { rows, next_cursor } = pageOf(wanted, asked.cursor, asked.limit)
    const budgets = rows.map((row) => Row.parse(row))
    const near = all.filter((one) => one.near).length
    const url = pageUrl(caller, org, 'budgets')
    const said = budgets.map(
      (one) =>
        `${quoted(one.name)} (${one.period}): ${money(one.spent_usd)} spent and ${money(one.reserved_usd)} reserved of ${money(one.limit_usd)}, ${one.used_percent} %${one.forecast === null ? '' : `; ${money(one.forecast.expected_usd)} expected by ${one.resets_at}`}`,
    )
    const text = [
      `${count(all.length, 'budget')} of ${quoted(org.name)}, ${near} near the limit.`,
      ...(said.length > 0 ? [lines(said, next_cursor !== null)] : []),
      url,
    ].join('\n')
    return { data: { budgets, near, total: all.length, next_cursor, url }, text }
  },
})

/** Amounts have nine decimals each, so without the point they are whole numbers of nano-dollars. */
const nano = (usd: string) => BigInt(usd.replace('.', ''))

function usedPercent({ spent_usd, reserved_usd, limit_usd, extension }: Budget): number {
  const limit = nano(limit_usd) + nano(extension?.amount_usd ?? '0')
  return limit === 0n ? 0 : Number(((nano(spent_usd) + nano(reserved_usd)) * 100n) / limit)
}
