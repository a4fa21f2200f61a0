import { PriceCreate, PriceUpdate, type Price } from '../../prices.ts'
import { fromLocalInput } from '../../zone.ts'

/** The rates that the form offers; others of a price are shown, and set by the API. */
export const RATES = [
  { rate: 'input', label: 'Input', short: 'in' },
  { rate: 'output', label: 'Output', short: 'out' },
  { rate: 'cache_read', label: 'Read from a cache', short: 'cache read' },
  { rate: 'cache_write', label: 'Written to a cache', short: 'cache write' },
] as const

export type PriceKind = 'rates' | 'discount' | 'call'

/** `openai / gpt-4o`, `gpt-5*`, or `Tool search`. */
export function ownNameOf({ provider, model, tool }: Pick<Price, 'provider' | 'model' | 'tool'>): string {
  return tool === null ? [provider, model].filter((name) => name !== null).join(' / ') : `Tool ${tool}`
}

export function kindOf({ call_usd, rates }: Pick<Price, 'call_usd' | 'rates'>): PriceKind {
  return call_usd !== null ? 'call' : rates !== null ? 'rates' : 'discount'
}

/** What it says, in words: `$2.00 in, $8.00 out a million tokens`. */
export function ownText({ rates, discount_percent, call_usd, service_tiers }: Price): string {
  const short = (name: string) => RATES.find(({ rate }) => rate === name)?.short ?? name.replaceAll('_', ' ')
  const parts = []
  if (call_usd !== null) parts.push(`$${call_usd} a call`)
  if (rates !== null)
    parts.push(
      `${Object.entries(rates)
        .map(([name, usd]) => `$${usd} ${short(name)}`)
        .join(', ')} a million tokens`,
    )
  if (discount_percent !== null)
    parts.push(
      discount_percent.startsWith('-')
        ? `${discount_percent.slice(1)} % on top of the list`
        : `${discount_percent} % off the list`,
    )
  const tiers = Object.entries(service_tiers ?? {}).map(([tier, percent]) => `${tier} at ${percent} %`)
  return [...parts, ...tiers].join('; ')
}

type Outcome<T> = { input: T } | { problem: string }

const textOf = (form: FormData) => (name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** The form of a new price. A problem is a sentence. */
export function ownPriceFrom(form: FormData, zone: string): Outcome<PriceCreate> {
  const text = textOf(form)
  const kind = text('kind') as PriceKind
  const times = timesOf(form, zone)
  if ('problem' in times) return times
  const named =
    kind === 'call'
      ? { tool: text('tool') }
      : { model: text('model'), ...(text('provider') && { provider: text('provider') }) }
  const parsed = PriceCreate.safeParse({ ...named, ...amountsOf(form, kind), ...times.times, note: text('note') })
  return parsed.success ? { input: parsed.data } : { problem: wordsOf(parsed.error.issues) }
}

/** The form of a change: whose price it is, and from when, stays. */
export function ownChangeFrom(form: FormData, zone: string): Outcome<PriceUpdate> {
  const text = textOf(form)
  const times = timesOf(form, zone)
  if ('problem' in times) return times
  const { effective_to = null } = times.times
  const parsed = PriceUpdate.safeParse({
    version: Number(text('version')),
    ...amountsOf(form, text('kind') as PriceKind),
    effective_to,
    note: text('note'),
  })
  return parsed.success ? { input: parsed.data } : { problem: wordsOf(parsed.error.issues) }
}

function amountsOf(form: FormData, kind: PriceKind): Record<string, unknown> {
  const text = textOf(form)
  if (kind === 'call') return { call_usd: text('call_usd') }
  if (kind === 'discount') return { discount_percent: text('discount_percent') }
  // Rates that the form does not offer stay as they are.
  const kept = keptIn(text('kept'))
  const given = RATES.flatMap(({ rate }) => (text(rate) === '' ? [] : [[rate, text(rate)] as const]))
  return { rates: Object.fromEntries([...kept, ...given]) }
}

function keptIn(text: string): [string, unknown][] {
  try {
    return Object.entries(JSON.parse(text) as object)
  } catch {
    return []
  }
}

function timesOf(
  form: FormData,
  zone: string,
): { times: { effective_from?: string; effective_to?: string } } | { problem: string } {
  const text = textOf(form)
  const times: { effective_from?: string; effective_to?: string } = {}
  for (const name of ['effective_from', 'effective_to'] as const) {
    if (text(name) === '') continue
    const ms = fromLocalInput(text(name), zone)
    if (ms === null) return { problem: 'That is no time.' }
    times[name] = new Date(ms).toISOString()
  }
  return { times }
}

const WORDS: Record<string, string> = {
  model: 'Model',
  provider: 'Provider',
  tool: 'Tool',
  rates: 'Rates',
  discount_percent: 'Discount',
  call_usd: 'Price of a call',
  note: 'Note',
}

function wordsOf(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  const [first] = issues
  if (first === undefined) return 'This is no price.'
  const [field, part] = first.path.map(String)
  const rate = RATES.find((one) => one.rate === part)?.label
  return `${rate ?? WORDS[field ?? ''] ?? 'Price'}: ${first.message}.`
}
