import * as z from 'zod'
import { SPEND_GROUPS, SpendAnswer, SpendRow, UsdString, type SpendFilter } from '../../../contract/api.ts'
import { at, queryOf } from '../caller.ts'
import { pageUrl } from '../links.ts'
import { pageOf } from '../page.ts'
import { ProjectInput, projectsAsked } from '../place.ts'
import { RangeInput, RangeOutput, rangeAsked } from '../range.ts'
import { lines, money, quoted } from '../say.ts'
import { tool } from '../tool.ts'

const value = z.string().max(200).optional()
const FILTERS = {
  environment: value,
  agent: value.describe('Id of the agent'),
  workflow: value.describe('Id of the workflow'),
  workflow_version: value,
  model: value,
  provider: value,
  user: value.describe('Id of the user'),
} satisfies Partial<Record<SpendFilter, z.ZodType>>
const FILTER_NAMES = Object.keys(FILTERS) as (keyof typeof FILTERS)[]
/** What the dashboard calls a filter where it calls it otherwise. */
const IN_DASHBOARD: Partial<Record<string, string>> = { agent: 'agent_id', workflow: 'workflow_id', user: 'user_id' }
/** Rows of time come in its order, others the most expensive first. */
const OF_TIME: ReadonlySet<string> = new Set(['day', 'hour'])

/** What agents cost, from the ledger. */
export const getSpend = tool({
  name: 'get_spend',
  title: 'Spend',
  description:
    'What agents cost in a range of time, exact to the nano-dollar from the ledger, in total and by up to two dimensions. Rows are the most expensive first, or in the order of time. An empty value stands for what events did not name; "unpriced" counts calls without a known price.',
  input: z.object({
    ...ProjectInput,
    ...RangeInput,
    group_by: z.array(z.enum(SPEND_GROUPS)).max(2).default([]),
    time_zone: z.string().max(64).optional().describe('IANA zone in which days are cut; the organization’s own'),
    ...FILTERS,
    limit: z.number().int().min(1).max(200).default(50),
    cursor: z.string().max(20).optional(),
  }),
  output: z.object({
    ...RangeOutput,
    time_zone: z.string(),
    total_cost_usd: UsdString,
    rows: z.array(SpendRow),
    next_cursor: z.string().nullable(),
    url: z.string(),
  }),
  async run(asked, caller) {
    const { org, projects } = await projectsAsked(caller, asked)
    const time_zone = asked.time_zone ?? org.time_zone
    const { from, to, link } = rangeAsked(asked, caller.nowMs, time_zone)
    const project = asked.project === undefined ? undefined : projects.map(({ id }) => id)
    const filters = Object.fromEntries(FILTER_NAMES.map((name) => [name, asked[name]]))
    const groups = [...new Set(asked.group_by)]
    const query = queryOf({ from, to, time_zone, group_by: groups.join(',') || 'org', project, ...filters })
    const { data, total_cost_usd } = await caller.ask(at`/api/v1/orgs/${org.id}/spend` + query, SpendAnswer)
    const isOfTime = groups.some((group) => OF_TIME.has(group))
    const sorted = groups.length === 0 ? [] : isOfTime ? data.toSorted(byKey(groups)) : data.toSorted(byCost(groups))
    const { rows, next_cursor } = pageOf(sorted, asked.cursor, asked.limit)
    const shown = Object.fromEntries(Object.entries(filters).map(([name, one]) => [IN_DASHBOARD[name] ?? name, one]))
    const url = pageUrl(caller, org, 'finance', { ...link, project: asked.project && projects[0]?.slug, ...shown })
    const said = rows.map(
      (row) => `${groups.map((group) => quoted(valueOf(row, group))).join(', ')}: ${money(row.cost_usd)}`,
    )
    const text = [
      `${quoted(org.name)} spent ${money(total_cost_usd)} from ${from} to ${to}.`,
      ...(said.length > 0 ? [lines(said, next_cursor !== null)] : []),
      url,
    ].join('\n')
    return { data: { from, to, time_zone, total_cost_usd, rows, next_cursor, url }, text }
  },
})

function valueOf(row: SpendRow, group: string): string {
  const value = row[group]
  return typeof value === 'string' ? value : ''
}
const keyOf = (row: SpendRow, groups: readonly string[]) => groups.map((group) => valueOf(row, group)).join('\u0000')
const byKey = (groups: readonly string[]) => (a: SpendRow, b: SpendRow) =>
  keyOf(a, groups) < keyOf(b, groups) ? -1 : 1

/** Amounts have as many decimals each, so without the point they are whole numbers of nano-dollars. */
const nano = (row: SpendRow) => BigInt(row.cost_usd.replace('.', ''))
const byCost = (groups: readonly string[]) => (a: SpendRow, b: SpendRow) => {
  const more = nano(b) - nano(a)
  return more === 0n ? byKey(groups)(a, b) : more > 0n ? 1 : -1
}
