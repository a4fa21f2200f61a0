import { nanoOf } from '../../money.ts'
import type { ModelUse } from '../../prices.ts'
import { byNumber, byText, type TableColumn } from '../../ui/table/table.ts'

/** `openai / gpt-4o`, or the tool that was called. */
export function nameOf({ provider, model, tool_name }: Pick<ModelUse, 'provider' | 'model' | 'tool_name'>): string {
  const called = [provider, model].filter((name) => name !== '').join(' / ')
  if (tool_name === '') return called === '' ? 'Names neither model nor tool' : called
  return called === '' ? `Tool ${tool_name}` : `Tool ${tool_name} (${called})`
}

export const keyOf = ({ provider, model, tool_name }: ModelUse) => JSON.stringify([provider, model, tool_name])

/** Where the costs come from, as far as is known: the most calls first. */
export function sourcesOf({
  detail,
  unpriced,
}: ModelUse): { source: 'reported' | 'computed' | 'unpriced'; calls: number }[] {
  const { reported = 0, computed = 0 } = detail ?? {}
  const all = [
    { source: 'reported' as const, calls: reported },
    { source: 'computed' as const, calls: computed },
  ]
  const priced = all.filter(({ calls }) => calls > 0).sort((a, b) => b.calls - a.calls)
  return unpriced > 0 ? [{ source: 'unpriced', calls: unpriced }, ...priced] : priced
}

/** `$2.50 in, $10.00 out` a million tokens; of a price with tiers the lowest. */
export function priceText({ price }: ModelUse): string | null {
  if (price === null) return null
  const parts = [
    [price.input_usd, 'in'],
    [price.output_usd, 'out'],
  ].flatMap(([usd, what]) => (usd === null ? [] : [`$${usd} ${what}`]))
  return `${price.tiers ? 'from ' : ''}${parts.join(', ')}`
}

/** What is cached costs otherwise: told on hover. */
export function priceDetail({ price }: ModelUse): string | undefined {
  if (price === null) return undefined
  const parts = [
    ['input', price.input_usd],
    ['output', price.output_usd],
    ['read from a cache', price.cache_read_usd],
    ['written to a cache', price.cache_write_usd],
  ].flatMap(([what, usd]) => (usd === null ? [] : [`${what} $${usd}`]))
  const tiers = price.tiers ? '; more above a number of input tokens' : ''
  return `US dollars per million tokens: ${parts.join(', ')}${tiers}. ${price.version}`
}

/** `genai-prices/0.1.8:openai/gpt-4o` → the list and the row in it. */
export function versionParts(version: string): { list: string; row: string } {
  const at = version.indexOf(':')
  return at < 0 ? { list: version, row: '' } : { list: version.slice(0, at), row: version.slice(at + 1) }
}

export interface PriceColumn extends TableColumn<ModelUse> {
  key: keyof ModelUse | 'name' | 'source' | 'version' | 'last_seen'
}

const lastSeen = ({ detail }: ModelUse) => (detail === null ? null : Date.parse(detail.last_seen_at))
const count = (key: keyof ModelUse & `${'tokens' | 'calls' | 'unpriced'}${string}`, label: string): PriceColumn => ({
  key,
  label,
  numeric: true,
  compare: byNumber((row) => row[key]),
})

/** Unsorted, calls without a price come first. */
export const COLUMNS: readonly PriceColumn[] = [
  { key: 'name', label: 'Model or tool', compare: byText(nameOf) },
  count('calls', 'Calls'),
  { ...count('unpriced', 'Without price'), definition: 'Calls that cost nothing in the books until they are priced' },
  { key: 'cost_usd', label: 'Cost', numeric: true, compare: byNumber((row) => nanoOf(row.cost_usd)) },
  { key: 'source', label: 'Cost from', definition: 'Reported by the client, or computed from tokens and a price' },
  {
    key: 'price',
    label: 'Price now',
    definition: 'US dollars per million tokens',
    numeric: true,
    compare: byNumber(({ price }) => (price?.input_usd == null ? null : Number(price.input_usd))),
  },
  { key: 'version', label: 'Priced by', definition: 'The price list, and its row, that computed costs come from' },
  count('tokens_prompt', 'Tokens in'),
  { ...count('tokens_cached', 'Cached'), definition: 'Of the tokens in: read from a cache' },
  { ...count('tokens_cache_write', 'Cache write'), hidden: true },
  count('tokens_completion', 'Tokens out'),
  { ...count('tokens_reasoning', 'Reasoning'), definition: 'Of the tokens out', hidden: true },
  { key: 'last_seen', label: 'Last seen', newestFirst: true, compare: byNumber(lastSeen) },
]
