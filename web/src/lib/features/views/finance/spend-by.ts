import type { SpendAnswer, SpendRow } from '../../../../../../workers/contract/api.ts'
import { addUsd, nanoOf } from '../../../money.ts'
import type { Cell, Column, PanelSpec, Scope, TableRow } from '../panel.ts'
import { share, usdEach } from '../shape.ts'
import {
  dimensionsOf,
  groupControl,
  keysHref,
  nameOf,
  namesOf,
  splitControl,
  type Names,
  type SpendDimension,
} from './dimensions.ts'
import { NOTHING_SPENT } from './words.ts'

/** Rows that are shown one by one; the others are added up in one. */
const ROWS_MAX = 500

const NUMBERS = [
  'entries',
  'unpriced',
  'tokens_prompt',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_completion',
  'tokens_reasoning',
] as const

export const SPEND_COLUMNS: Column[] = [
  {
    key: 'cost',
    label: 'Cost',
    format: 'usd',
    definition: 'Sum of cost_usd of ledger entries, exact to the nano-dollar.',
  },
  { key: 'share', label: 'Share', format: 'percent', definition: 'Of the spend of everything that is filtered.' },
  { key: 'entries', label: 'Entries', format: 'count', definition: 'Billable events: entries of the ledger.' },
  { key: 'each', label: 'Per entry', format: 'usd', definition: 'Cost ÷ entries, rounded half up to the nano-dollar.' },
  { key: 'tokens_prompt', label: 'Prompt tokens', format: 'count', definition: 'Input tokens, cached ones included.' },
  { key: 'tokens_cached', label: 'Cached', format: 'count', definition: 'Prompt tokens that were read from a cache.' },
  { key: 'tokens_cache_write', label: 'Cache writes', format: 'count', hidden: true },
  {
    key: 'tokens_completion',
    label: 'Completion tokens',
    format: 'count',
    definition: 'Output tokens, reasoning included.',
  },
  { key: 'tokens_reasoning', label: 'Reasoning', format: 'count', hidden: true },
  {
    key: 'unpriced',
    label: 'Unpriced',
    format: 'count',
    definition: 'Entries whose model has no price in the catalogue and that came without a cost: they count as 0.',
  },
]

export const spendBy: PanelSpec = {
  id: 'finance.spend-by',
  title: 'Spend by',
  unit: 'US dollars of the range',
  definition:
    'Ledger entries of the range, added up by one or two of their dimensions; exact to the nano-dollar. An entry is one billable event: a model call, a tool call, a retry, or a step or request that reported a cost of its own.',
  span: 12,
  height: 364,
  async load(ask, scope) {
    const dimensions = dimensionsOf(scope)
    const controls = [groupControl(dimensions), splitControl(dimensions)]
    const [answer, names] = await Promise.all([
      ask.spend(dimensions.map(({ group }) => group)),
      namesOf(ask, scope, dimensions),
    ])
    const columns = [
      ...dimensions.map(({ group, label }): Column => ({ key: group, label, format: 'text' })),
      ...SPEND_COLUMNS,
    ]
    if (answer.data.length === 0) return { type: 'table', columns, rows: [], controls, empty: NOTHING_SPENT }
    const rows = spendRows(answer, scope, dimensions, names)
    const isCut = answer.data.length > ROWS_MAX
    return {
      type: 'table',
      columns,
      rows,
      sort: 'cost',
      bar: 'cost',
      controls,
      more: [{ label: 'Export the whole ledger', href: `/${scope.org}/settings/export` }],
      ...(isCut && { note: `the ${ROWS_MAX} most expensive of ${answer.data.length}, the others added up` }),
    }
  },
}

/** A row for each key, and one for all that are past the most that are shown. */
export function spendRows(
  answer: SpendAnswer,
  scope: Scope,
  dimensions: readonly SpendDimension[],
  names: Names,
  max = ROWS_MAX,
): TableRow[] {
  const total = answer.total_cost_usd
  const shown = answer.data.slice(0, max)
  const rows = shown.map((row): TableRow => {
    const keys = dimensions.map((one): [SpendDimension, string] => [one, String(row[one.group] ?? '')])
    return {
      key: JSON.stringify(keys.map(([, key]) => key)),
      cells: {
        ...Object.fromEntries(keys.map(([one, key]) => [one.group, nameOf(one, key, names)])),
        ...sumsOf(row, total),
      },
      href: keysHref(scope, keys),
    }
  })
  const rest = answer.data.slice(max)
  if (rest.length === 0) return rows
  const [first] = dimensions
  const cells = { ...sumsOf(added(rest), total), ...(first && { [first.group]: `${rest.length} others` }) }
  return [...rows, { key: 'others', cells }]
}

function sumsOf(row: SpendRow, total: string): Record<string, Cell> {
  return {
    cost: row.cost_usd,
    // The shares are shown to a tenth of a percent, which a double holds.
    share: share(Number(nanoOf(row.cost_usd)), Number(nanoOf(total))),
    each: usdEach(row.cost_usd, row.entries),
    ...Object.fromEntries(NUMBERS.map((name) => [name, row[name]])),
  }
}

function added(rows: readonly SpendRow[]): SpendRow {
  const sum = (name: (typeof NUMBERS)[number]) => rows.reduce((total, row) => total + row[name], 0)
  return {
    cost_usd: addUsd(rows.map((row) => row.cost_usd)),
    entries: sum('entries'),
    unpriced: sum('unpriced'),
    tokens_prompt: sum('tokens_prompt'),
    tokens_cached: sum('tokens_cached'),
    tokens_cache_write: sum('tokens_cache_write'),
    tokens_completion: sum('tokens_completion'),
    tokens_reasoning: sum('tokens_reasoning'),
  }
}
