import type {
  Budget,
  BudgetCreate,
  BudgetDetail,
  BudgetsRpc,
  BudgetUpdate,
  Extension,
  ExtensionCreate,
} from '../../contract/budget.ts'
import type { ForecastPath } from '../../contract/budget-forecast.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { scopeHash, type GuardFallback } from '../../domain/budget/fallback.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'

const RANDOM_BYTES = 13
const BUDGETS_MAX = 200
const RESERVATIONS_MAX = 500
const EXTENSION_MS_MAX = 31 * 86_400_000
export const MISSING = 'There is no such budget.'

export interface BudgetDeps {
  /** The object that keeps the budgets of this organization. */
  of(tenant: Tenant): BudgetsRpc
  /** Tells the edge what to answer when that object cannot be reached. */
  putFallback(orgId: string, fallback: GuardFallback): Promise<void>
  sha256: (text: string) => string
  now(): number
  random(bytes: number): Uint8Array
}

/** @throws AppError conflict when there are too many. */
export async function createBudget(
  deps: BudgetDeps,
  tenant: Tenant,
  zone: string,
  input: BudgetCreate,
): Promise<Budget> {
  const rpc = deps.of(tenant)
  if ((await rpc.budgets()).length >= BUDGETS_MAX)
    throw new AppError('conflict', `An organization has at most ${BUDGETS_MAX} budgets: remove one first.`)
  const id = newId('budget', deps.now(), deps.random(RANDOM_BYTES))
  const budget = await rpc.create({ org_id: tenant.org_id, cell: tenant.cell, shard: tenant.shard }, id, zone, input)
  await publish(deps, tenant)
  return budget
}

/** The budget as it was and as it is. @throws AppError not_found, invalid_input. */
export async function updateBudget(
  deps: BudgetDeps,
  tenant: Tenant,
  id: string,
  change: BudgetUpdate,
): Promise<{ before: Budget; after: Budget }> {
  const rpc = deps.of(tenant)
  const before = await rpc.budget(id)
  if (before === null) throw new AppError('not_found', MISSING)
  const next = { ...before, ...change }
  if ((next.on_limit === 'downgrade') !== (next.downgrade_to !== null))
    throw new AppError('invalid_input', 'downgrade_to names a model when, and only when, on_limit is "downgrade".', {
      errors: [{ pointer: '/downgrade_to', detail: 'does not fit on_limit' }],
    })
  const after = await rpc.update(id, change)
  if (after === null) throw new AppError('not_found', MISSING)
  await publish(deps, tenant)
  return { before, after }
}

/** @throws AppError not_found. */
export async function readBudget(deps: BudgetDeps, tenant: Tenant, id: string): Promise<Budget> {
  const budget = await deps.of(tenant).budget(id)
  if (budget === null) throw new AppError('not_found', MISSING)
  return budget
}

/** With what a page about one budget shows beside. @throws AppError not_found. */
export async function readBudgetDetail(deps: BudgetDeps, tenant: Tenant, id: string): Promise<BudgetDetail> {
  const budget = await deps.of(tenant).detail(id)
  if (budget === null) throw new AppError('not_found', MISSING)
  return budget
}

/** How the present period went and may go on. @throws AppError not_found. */
export async function readForecast(deps: BudgetDeps, tenant: Tenant, id: string): Promise<ForecastPath> {
  const path = await deps.of(tenant).forecast(id)
  if (path === null) throw new AppError('not_found', MISSING)
  return path
}

/** @throws AppError not_found. */
export async function removeBudget(deps: BudgetDeps, tenant: Tenant, id: string): Promise<Budget> {
  const budget = await readBudget(deps, tenant, id)
  await deps.of(tenant).remove(id)
  await publish(deps, tenant)
  return budget
}

export const listReservations = (deps: BudgetDeps, tenant: Tenant) => deps.of(tenant).reservations(RESERVATIONS_MAX)

/** @throws AppError not_found for one that holds nothing. */
export async function releaseReservation(deps: BudgetDeps, tenant: Tenant, id: string) {
  const released = await deps.of(tenant).release(id)
  if (released === null) throw new AppError('not_found', 'There is no such reservation, or it holds nothing any more.')
  return released
}

/** Asks for more room for a while. @throws AppError not_found, invalid_input. */
export async function askExtension(
  deps: BudgetDeps,
  tenant: Tenant,
  budgetId: string,
  input: ExtensionCreate,
  by: string,
): Promise<Extension> {
  const ahead = Date.parse(input.until) - deps.now()
  if (ahead <= 0 || ahead > EXTENSION_MS_MAX)
    throw new AppError('invalid_input', 'An extension ends in the future, within 31 days.', {
      errors: [{ pointer: '/until', detail: 'not within 31 days' }],
    })
  const id = newId('extension', deps.now(), deps.random(RANDOM_BYTES))
  const asked = await deps.of(tenant).ask(budgetId, id, input, by)
  if (asked === null) throw new AppError('not_found', MISSING)
  return asked
}

/** @throws AppError not_found, or conflict when it was decided before. */
export async function decideExtension(
  deps: BudgetDeps,
  tenant: Tenant,
  id: string,
  grant: boolean,
  by: string,
): Promise<Extension> {
  const found = (await deps.of(tenant).extensions()).find((one) => one.id === id)
  if (found === undefined) throw new AppError('not_found', 'There is no such extension.')
  if (found.state !== 'asked') throw new AppError('conflict', `This extension is ${found.state} already.`)
  const decided = await deps.of(tenant).decide(id, grant, by)
  if (decided === null) throw new AppError('not_found', 'There is no such extension.')
  return decided
}

async function publish(deps: BudgetDeps, tenant: Tenant): Promise<void> {
  const budgets = (await deps.of(tenant).budgets()).filter(({ hard }) => hard)
  await deps.putFallback(tenant.org_id, {
    budgets: budgets.map(({ scope, on_unreachable }) => ({
      scope: scope.type,
      id_hash: scopeHash(tenant.org_id, scope.type, scope.id ?? '', deps.sha256),
      on_unreachable,
    })),
  })
}
