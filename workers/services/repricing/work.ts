import { REPRICED_MODELS_MAX, REPRICING_STEPS, type RepricingStep } from '../../contract/repricing.ts'
import { ANSWER_WINDOW_MS, answerKey, keyTime, timeKey } from '../../domain/ledger.ts'
import type { PriceBook } from '../../domain/price-book.ts'
import { reprice, type Adjustment, type StandingEntry } from '../../domain/repricing.ts'
import type { Cursor, Job, JobWork } from '../job/port.ts'
import { count } from '../job/run.ts'
import type { KeyRange, ModelChange, RepricingDeps, RepricingInput } from './port.ts'
import { repricingRecord } from './view.ts'

type Unit = (deps: RepricingDeps, job: Job) => Promise<Cursor | null>

const WORK: Record<RepricingStep, Unit> = { entries, record }

/** Prices a stretch of the ledger anew, page by page. Killed anywhere, no difference is booked or counted twice. */
export function repricing(deps: RepricingDeps): JobWork {
  return { steps: REPRICING_STEPS, unit: (job) => WORK[job.step as RepricingStep](deps, job) }
}

/** Where the walk is: which project, which of its ranges of keys, and after which key. */
interface Place extends Cursor {
  project: number
  range: number
  after: string
}

async function entries(deps: RepricingDeps, job: Job): Promise<Cursor | null> {
  const input = job.input as RepricingInput
  const ranges = rangesOf(input)
  const place = { project: 0, range: 0, after: '', ...job.cursor } as Place
  const projectId = input.projects[place.project]
  const range = ranges[place.range]
  if (projectId === undefined || range === undefined) return null
  const page = await deps.page(input, projectId, range, place.after === '' ? range.first : place.after)
  const { adjustments, scanned, last } = judge(input, page.entries, await deps.openPrices())
  const next = last ?? page.next
  count(job, 'ledger', 'scanned', scanned)
  const cursor = next === null ? onwards(place, ranges.length) : { ...place, after: next }
  job.numbers['progress'] = { done: doneOf(cursor, input, ranges.length) }
  if (adjustments.length === 0 || input.dry_run) return cursor
  const delta = await deps.commit(job, cursor, projectId, adjustments)
  if (delta === null) throw new Error('somebody else goes on with this job')
  // It was written with what it did.
  job.version++
  await deps.follow(delta)
  return cursor
}

/** Keys without `event_id` begin with their time; others have to be looked through (domain/ledger.ts). */
function rangesOf({ from_ms, to_ms }: RepricingInput): KeyRange[] {
  return [
    { first: timeKey(from_ms), end: timeKey(to_ms) },
    { first: answerKey(from_ms), end: answerKey(to_ms + ANSWER_WINDOW_MS) },
    { first: 'i', end: 'j' },
  ]
}

/**
 * What the entries come to, added to what was found. Sums of one commit have to be exact as JavaScript numbers: it ends
 * with the entry before they might not be, `last`.
 */
function judge(
  input: RepricingInput,
  found: readonly StandingEntry[],
  prices: PriceBook,
): { adjustments: Adjustment[]; scanned: number; last: string | null } {
  const adjustments: Adjustment[] = []
  let moved = 0
  let before: string | null = null
  for (const [scanned, entry] of found.entries()) {
    const repriced = reprice(entry, prices)
    if (repriced.kind === 'adjust') {
      moved += Math.abs(repriced.adjustment.cost_nanousd)
      if (before !== null && !Number.isSafeInteger(moved)) return { adjustments, scanned, last: before }
      adjustments.push(repriced.adjustment)
      addChange(input, entry, repriced.adjustment)
    } else if (repriced.kind === 'no_price') changeOf(input, entry).unpriced++
    before = entry.event_key
  }
  return { adjustments, scanned: found.length, last: null }
}

function addChange(input: RepricingInput, entry: StandingEntry, { cost_nanousd, price_version }: Adjustment): void {
  const change = changeOf(input, entry)
  change.entries++
  if (entry.cost_source === 'unpriced') change.priced++
  change.before = (BigInt(change.before) + BigInt(entry.cost_nanousd)).toString()
  change.after = (BigInt(change.after) + BigInt(entry.cost_nanousd) + BigInt(cost_nanousd)).toString()
  change.price_version = price_version
}

/** The line of an entry's model or tool; beyond a number of them that of all others. */
function changeOf({ changes }: RepricingInput, entry: StandingEntry): ModelChange {
  const { provider, model, tool_name } = entry
  const known = changes.find((one) => one.provider === provider && one.model === model && one.tool_name === tool_name)
  if (known !== undefined) return known
  const isFull = changes.length >= REPRICED_MODELS_MAX
  const others = isFull ? changes.find((one) => one.provider + one.model + one.tool_name === '') : undefined
  if (others !== undefined) return others
  const names = isFull ? { provider: '', model: '', tool_name: '' } : { provider, model, tool_name }
  const made = { ...names, entries: 0, priced: 0, unpriced: 0, before: '0', after: '0', price_version: '' }
  changes.push(made)
  return made
}

function onwards(place: Place, ranges: number): Place {
  return place.range + 1 < ranges
    ? { project: place.project, range: place.range + 1, after: '' }
    : { project: place.project + 1, range: 0, after: '' }
}

/** The share of the walk that is done, as far as keys tell the time. */
function doneOf(
  { project, range, after }: Place,
  { from_ms, to_ms, projects }: RepricingInput,
  ranges: number,
): number {
  const at = keyTime(after)
  const within = at === null ? 0 : Math.min(1, Math.max(0, (at - from_ms) / (to_ms - from_ms)))
  return projects.length === 0 ? 1 : (project * ranges + range + within) / (projects.length * ranges)
}

async function record(deps: RepricingDeps, job: Job): Promise<Cursor | null> {
  if (!(job.input as RepricingInput).dry_run) await deps.audit(repricingRecord(job, deps.now()))
  return null
}
