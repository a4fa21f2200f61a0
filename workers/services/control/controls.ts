import {
  isSet,
  NOTHING_SET,
  type BreakerView,
  type Control,
  type ControlCreate,
  type ControlsRpc,
  type ControlUpdate,
} from '../../contract/control.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'

const RANDOM_BYTES = 13
const CONTROLS_MAX = 200
const MISSING = 'There is no such control.'

export interface ControlDeps {
  /** The object that keeps the controls of this organization. */
  of(tenant: Tenant): ControlsRpc
  now(): number
  random(bytes: number): Uint8Array
}

/** @throws AppError conflict when there are too many. */
export async function createControl(deps: ControlDeps, tenant: Tenant, input: ControlCreate): Promise<Control> {
  const rpc = deps.of(tenant)
  if ((await rpc.controls()).length >= CONTROLS_MAX)
    throw new AppError('conflict', `An organization has at most ${CONTROLS_MAX} controls: remove one first.`)
  return rpc.createControl(placeOf(tenant), newId('control', deps.now(), deps.random(RANDOM_BYTES)), input)
}

/** The control as it was and as it is. @throws AppError not_found, invalid_input where nothing would be left. */
export async function updateControl(
  deps: ControlDeps,
  tenant: Tenant,
  id: string,
  change: ControlUpdate,
): Promise<{ before: Control; after: Control }> {
  const before = await readControl(deps, tenant, id)
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  if (!isSet({ ...before, ...given }))
    throw new AppError('invalid_input', NOTHING_SET, { errors: [{ pointer: '/', detail: NOTHING_SET }] })
  const after = await deps.of(tenant).updateControl(id, change)
  if (after === null) throw new AppError('not_found', MISSING)
  return { before, after }
}

/** @throws AppError not_found. */
export async function readControl(deps: ControlDeps, tenant: Tenant, id: string): Promise<Control> {
  const control = (await deps.of(tenant).controls()).find((one) => one.id === id)
  if (control === undefined) throw new AppError('not_found', MISSING)
  return control
}

/** Its circuit breakers go with it. @throws AppError not_found. */
export async function removeControl(deps: ControlDeps, tenant: Tenant, id: string): Promise<Control> {
  const control = await readControl(deps, tenant, id)
  await deps.of(tenant).removeControl(id)
  return control
}

/** Closes a breaker by hand. @throws AppError not_found. */
export async function resetBreaker(
  deps: ControlDeps,
  tenant: Tenant,
  id: string,
): Promise<{ before: BreakerView; after: BreakerView }> {
  const rpc = deps.of(tenant)
  const before = (await rpc.breakers()).find((breaker) => breaker.id === id)
  const after = before === undefined ? null : await rpc.resetBreaker(placeOf(tenant), id)
  if (before === undefined || after === null) throw new AppError('not_found', 'There is no such circuit breaker.')
  return { before, after }
}

const placeOf = ({ org_id, cell, shard }: Tenant): Tenant => ({ org_id, cell, shard })
