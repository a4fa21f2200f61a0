import type { CacheSavings, CacheSavingsRow } from '../../../../../../workers/contract/cache-savings.ts'
import type { Cell, Column, PanelSpec, Scope, TableRow } from '../panel.ts'
import { tracesHref } from '../scope.ts'

const COLUMNS: Column[] = [
  { key: 'model', label: 'Model', format: 'text' },
  { key: 'provider', label: 'Provider', format: 'text' },
  { key: 'hit_ratio', label: 'Hit ratio', format: 'percent', definition: 'Cached ÷ all prompt tokens.' },
  {
    key: 'saved_usd',
    label: 'Saved',
    format: 'usd',
    definition: 'Without a cache less with it; below zero, writing cost more than reading saved.',
  },
  {
    key: 'paid_usd',
    label: 'With the cache',
    format: 'usd',
    definition: 'Tokens read from and written to the cache, at their prices.',
  },
  {
    key: 'uncached_usd',
    label: 'Without it',
    format: 'usd',
    definition: 'The same tokens at the price of plain input.',
  },
  { key: 'tokens_prompt', label: 'Prompt tokens', format: 'count' },
  { key: 'tokens_cached', label: 'Cached', format: 'count' },
  { key: 'tokens_cache_write', label: 'Cache writes', format: 'count' },
  {
    key: 'tokens_unpriced',
    label: 'Without a price',
    format: 'count',
    definition: 'Tokens of the cache that the catalogue has no price for: they are in no amount.',
  },
  { key: 'entries', label: 'Entries', format: 'count', hidden: true },
]

export const cacheByModel: PanelSpec = {
  id: 'finance.cache',
  title: 'What caching saved',
  unit: 'US dollars of the range, by model',
  definition:
    'Cached tokens × (price of input − price of a cache read) − tokens written × (price of a cache write − price of input), at the prices of the catalogue when each call was made. Tokens come from the ledger. Where a price is not known, nothing is said.',
  span: 12,
  async load(ask, scope) {
    const answer = await ask.spendCache()
    const rows = cacheRows(answer, scope)
    if (rows.length === 0)
      return {
        type: 'table',
        columns: COLUMNS,
        rows,
        empty: 'No call with prompt tokens in this range: widen it or clear a filter.',
      }
    const { tokens_unpriced } = answer.total
    const note =
      tokens_unpriced === 0 ? {} : { note: `without ${tokens_unpriced.toLocaleString('en')} tokens that have no price` }
    return { type: 'table', columns: COLUMNS, rows, sort: 'saved_usd', ...note }
  },
}

/** A row for each model, and the sum of all where there are several. */
export function cacheRows({ data, total }: CacheSavings, scope: Scope): TableRow[] {
  const rows = data.map(({ provider, model, ...row }): TableRow => ({
    key: JSON.stringify([provider, model]),
    cells: { model: model || 'no model named', provider: provider || null, ...cellsOf(row) },
    href: tracesHref(scope, { ...(model !== '' && { model }), ...(provider !== '' && { provider }) }),
  }))
  if (rows.length < 2) return rows
  return [
    ...rows,
    { key: 'all', cells: { model: 'All models', provider: null, ...cellsOf(total) }, href: tracesHref(scope) },
  ]
}

function cellsOf(row: Omit<CacheSavingsRow, 'provider' | 'model'>): Record<string, Cell> {
  return { ...row }
}
