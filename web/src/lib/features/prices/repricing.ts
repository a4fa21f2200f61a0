import { formatCount, formatPercent } from '../../format.ts'
import { nanoOf, usdOf } from '../../money.ts'
import type { Repricing, RepricingCreate } from '../../prices.ts'
import { fromLocalInput } from '../../zone.ts'

export const SOURCES = [
  { source: 'unpriced', label: 'Calls without a price' },
  { source: 'computed', label: 'Costs that were computed' },
  { source: 'reported', label: 'Costs that clients reported' },
] as const

/** What a repricing is about: `openai / gpt-4o of prj_1`, or everything. */
export function aboutOf({ provider, model }: Pick<Repricing, 'provider' | 'model'>): string {
  const names = [provider, model].filter((name) => name !== null)
  return names.length === 0 ? 'All models' : names.join(' / ')
}

/** How it stands, in words. */
export function progressText(one: Repricing): string {
  const { state, dry_run, progress, scanned, entries, unpriced } = one
  if (state === 'running') return `${formatPercent(progress)} done, ${formatCount(scanned)} calls looked at`
  const would = dry_run ? 'would change' : state === 'cancelled' ? 'changed before it was cancelled' : 'changed'
  const still = unpriced === 0 ? '' : `; ${calls(unpriced)} without a price still`
  return `${calls(entries)} ${would}${still}`
}

const calls = (n: number) => `${formatCount(n)} ${n === 1 ? 'call' : 'calls'}`

/** The preview whose difference can be booked: the newest there is, and something would change. What it found may be old else. */
export function bookable([newest]: readonly Repricing[]): Repricing | null {
  return newest?.state === 'done' && newest.dry_run && newest.entries > 0 ? newest : null
}

/** The size of a difference; its direction is a word. */
export function sizeOf({ difference_usd }: Pick<Repricing, 'difference_usd'>): string {
  const nano = nanoOf(difference_usd)
  return usdOf(nano < 0n ? -nano : nano)
}

/** More spend, less, or as much. */
export function directionOf({ difference_usd }: Pick<Repricing, 'difference_usd'>): 'more' | 'less' | 'same' {
  const nano = nanoOf(difference_usd)
  return nano === 0n ? 'same' : nano > 0n ? 'more' : 'less'
}

/** What books the difference that a preview found. */
export function bookingOf({ from, to, project_id, provider, model, sources }: Repricing): RepricingCreate {
  return {
    ...{ from, to, sources, dry_run: false },
    ...(project_id !== null && { project_id }),
    ...(provider !== null && { provider }),
    ...(model !== null && { model }),
  }
}

/** The form of a repricing; `what` is JSON of provider and model, or nothing for all. A problem is a sentence. */
export function repricingFrom(form: FormData, zone: string): { input: RepricingCreate } | { problem: string } {
  const text = (name: string) => {
    const value = form.get(name)
    return typeof value === 'string' ? value.trim() : ''
  }
  const [from, to] = [fromLocalInput(text('from'), zone), fromLocalInput(text('to'), zone)]
  if (from === null || to === null) return { problem: 'Say from when, and until when.' }
  if (to <= from) return { problem: 'The end must be after the start.' }
  const sources = SOURCES.map(({ source }) => source).filter((source) => form.getAll('source').includes(source))
  if (sources.length === 0) return { problem: 'Choose which costs are computed anew.' }
  const [provider, model] = namesIn(text('what'))
  return {
    input: {
      ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString(), sources, dry_run: true },
      ...(provider !== '' && { provider }),
      ...(model !== '' && { model }),
    },
  }
}

/** A model as an option of the form has it. */
export const optionOf = ({ provider, model }: { provider: string; model: string }) => JSON.stringify([provider, model])

function namesIn(option: string): [provider: string, model: string] {
  try {
    const [provider, model] = JSON.parse(option) as unknown[]
    return [typeof provider === 'string' ? provider : '', typeof model === 'string' ? model : '']
  } catch {
    return ['', '']
  }
}
