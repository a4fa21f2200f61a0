import { isWholePrice, PRICES_MAX, type Price, type PriceCreate, type PriceUpdate } from '../../contract/price.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import { overrideVersion, type OverrideRow } from '../../domain/price-override.ts'
import type { PriceDeps } from './port.ts'

const RANDOM_BYTES = 13
const MISSING = 'There is no such price.'
const iso = (ms: number) => new Date(ms).toISOString()

/** Newest first, with those that have ended. */
export async function listPrices(deps: PriceDeps, tenant: Tenant): Promise<Price[]> {
  const [rows, names] = await Promise.all([deps.store.list(tenant), deps.namesOf(tenant.org_id)])
  return rows.map((row) => viewOf(row, names, deps.now()))
}

/** @throws AppError invalid_input, conflict when one for the same holds at the same time or there are too many, unavailable. */
export async function createPrice(deps: PriceDeps, tenant: Tenant, body: PriceCreate, by: string): Promise<Price> {
  const nowMs = deps.now()
  const { provider = '', model = '', tool = '', effective_from, effective_to, note } = body
  const row: OverrideRow = {
    id: newId('price', nowMs, deps.random(RANDOM_BYTES)),
    provider: provider.toLowerCase(),
    model,
    tool,
    price: partsOf(body),
    note,
    fromMs: effective_from === undefined ? nowMs : Date.parse(effective_from),
    toMs: effective_to == null ? null : Date.parse(effective_to),
    createdBy: by,
    createdMs: nowMs,
    updatedMs: nowMs,
    version: 1,
  }
  checkRange(row)
  const others = await deps.store.list(tenant)
  checkOverlap(row, others)
  if (!(await deps.store.add(tenant, row, PRICES_MAX)))
    throw new AppError(
      'conflict',
      others.length < PRICES_MAX
        ? 'Another price for the same was made at this moment: look at the list again.'
        : `An organization keeps at most ${PRICES_MAX} prices, ended ones included.`,
    )
  await deps.forget(tenant)
  return viewOf(row, await deps.namesOf(tenant.org_id), nowMs)
}

/**
 * Changes a price; what was priced by it stays as it is, under the version that it had.
 * @throws AppError not_found, invalid_input, conflict, unavailable.
 */
export async function updatePrice(
  deps: PriceDeps,
  tenant: Tenant,
  id: string,
  change: PriceUpdate,
): Promise<{ before: Price; after: Price }> {
  const nowMs = deps.now()
  const { row, rows } = await find(deps, tenant, id)
  if (row.version !== change.version) throw changedMeanwhile(row, change.version)
  if (stateOf(row, nowMs) === 'ended')
    throw new AppError('conflict', 'It has ended, and what it priced names it: make another one.')
  const next = { ...changed(row, change, nowMs), updatedMs: nowMs }
  checkRange(next)
  checkOverlap(next, rows)
  if (!(await deps.store.replace(tenant, next))) throw changedMeanwhile(row, null)
  await deps.forget(tenant)
  const names = await deps.namesOf(tenant.org_id)
  return { before: viewOf(row, names, nowMs), after: viewOf({ ...next, version: row.version + 1 }, names, nowMs) }
}

/**
 * Ends a price now; one that has not begun is removed. One that has ended stays as it is.
 * @throws AppError not_found, conflict, unavailable.
 */
export async function endPrice(deps: PriceDeps, tenant: Tenant, id: string): Promise<{ before: Price; after: Price }> {
  const nowMs = deps.now()
  const { row } = await find(deps, tenant, id)
  const names = await deps.namesOf(tenant.org_id)
  const before = viewOf(row, names, nowMs)
  const state = stateOf(row, nowMs)
  if (state === 'ended') return { before, after: before }
  const ended: OverrideRow = { ...row, toMs: Math.max(nowMs, row.fromMs), updatedMs: nowMs }
  const isDone =
    state === 'planned' ? await deps.store.remove(tenant, id, row.version) : await deps.store.replace(tenant, ended)
  if (!isDone) throw changedMeanwhile(row, null)
  await deps.forget(tenant)
  const version = state === 'planned' ? row.version : row.version + 1
  return { before, after: { ...viewOf({ ...ended, version }, names, nowMs), state: 'ended' } }
}

async function find({ store }: PriceDeps, tenant: Tenant, id: string) {
  const rows = await store.list(tenant)
  const row = rows.find((one) => one.id === id)
  if (row === undefined) throw new AppError('not_found', MISSING)
  return { row, rows }
}

function partsOf({ rates, discount_percent, call_usd, service_tiers }: Partial<PriceCreate>): OverrideRow['price'] {
  return {
    ...(rates !== undefined && { rates }),
    ...(discount_percent !== undefined && { discount_percent }),
    ...(call_usd !== undefined && { call_usd }),
    ...(service_tiers !== undefined && { service_tiers }),
  }
}

function changed(row: OverrideRow, change: PriceUpdate, nowMs: number): OverrideRow {
  const { rates, discount_percent, call_usd, service_tiers } = row.price
  const price = partsOf({
    rates: replaced(rates, change.rates),
    discount_percent: replaced(discount_percent, change.discount_percent),
    call_usd: replaced(call_usd, change.call_usd),
    service_tiers: replaced(service_tiers, change.service_tiers),
  })
  if (!isWholePrice({ ...price, ...(row.tool !== '' && { tool: row.tool }) }))
    throw invalid(
      '/rates',
      'a tool has call_usd alone; a model has rates, a discount or service_tiers, not two of the first',
    )
  const { effective_from, effective_to, note = row.note } = change
  const fromMs = effective_from === undefined ? row.fromMs : Date.parse(effective_from)
  if (fromMs !== row.fromMs && row.fromMs <= nowMs)
    throw invalid('/effective_from', 'it has begun: end it, and make another one')
  const toMs = effective_to === undefined ? row.toMs : effective_to === null ? null : Date.parse(effective_to)
  return { ...row, price, note, fromMs, toMs }
}

/** What is left out stays, what is null is taken out. */
function replaced<T>(before: T | undefined, given: T | null | undefined): T | undefined {
  return given === undefined ? before : (given ?? undefined)
}

function checkRange({ fromMs, toMs }: OverrideRow): void {
  if (toMs !== null && toMs <= fromMs) throw invalid('/effective_to', 'must be after effective_from')
}

function checkOverlap(row: OverrideRow, others: readonly OverrideRow[]): void {
  const { provider, model, tool, fromMs, toMs } = row
  const other = others.find(
    (one) =>
      one.id !== row.id &&
      one.provider === provider &&
      one.model === model &&
      one.tool === tool &&
      one.fromMs < (toMs ?? Infinity) &&
      fromMs < (one.toMs ?? Infinity),
  )
  if (other === undefined) return
  const until = other.toMs === null ? 'without an end' : `to ${iso(other.toMs)}`
  throw new AppError(
    'conflict',
    `${other.id} prices the same from ${iso(other.fromMs)} ${until}: end it first, or begin this one after it.`,
  )
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', `${pointer}: ${detail}.`, { errors: [{ pointer, detail }] })
}

function changedMeanwhile({ version }: OverrideRow, given: number | null): AppError {
  const which = given === null ? '' : ` (it has version ${version}, yours is ${given})`
  return new AppError('conflict', `It was changed meanwhile${which}: load it again, and repeat your change there.`)
}

function stateOf({ fromMs, toMs }: OverrideRow, nowMs: number): Price['state'] {
  if (fromMs > nowMs) return 'planned'
  return toMs !== null && toMs <= nowMs ? 'ended' : 'active'
}

function viewOf(row: OverrideRow, names: ReadonlyMap<string, string>, nowMs: number): Price {
  const { rates = null, discount_percent = null, call_usd = null, service_tiers = null } = row.price
  return {
    id: row.id,
    provider: row.provider || null,
    model: row.model || null,
    tool: row.tool || null,
    rates,
    discount_percent,
    call_usd,
    service_tiers,
    effective_from: iso(row.fromMs),
    effective_to: row.toMs === null ? null : iso(row.toMs),
    state: stateOf(row, nowMs),
    note: row.note,
    created_by_name: names.get(row.createdBy) ?? null,
    created_at: iso(row.createdMs),
    updated_at: iso(row.updatedMs),
    version: row.version,
    price_version: overrideVersion(row),
  }
}
