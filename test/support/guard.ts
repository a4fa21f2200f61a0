import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { cellFor } from '../../workers/adapters/cells.ts'
import { ledgerTotal } from '../../workers/adapters/d1/ledger-total.ts'
import { BudgetCreate, type BudgetsRpc } from '../../workers/contract/budget.ts'
import { ControlCreate, type ControlsRpc } from '../../workers/contract/control.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { GuardRpc } from '../../workers/contract/guard.ts'
import type { ProjectTenant } from '../../workers/contract/tenant.ts'
import { nanoFromUsd, usd } from '../../workers/domain/money.ts'
import type { Env } from '../../workers/pipeline/deps.ts'
import type { TenantBudget } from '../../workers/pipeline/objects/tenant-budget.ts'
import { envelopeOf, freshTenant, makeBatch } from './batches.ts'
import { heldQueues, real } from './moving.ts'

type Rpc = GuardRpc & BudgetsRpc & ControlsRpc
export const DAY_MS = 86_400_000

/** An organization whose agents ask the guard and send events, in the isolate of the pipeline. */
export function worldOf(tenant: ProjectTenant = freshTenant()) {
  const stores = cellFor(real, tenant.cell)
  // A stub is broken for ever once its object has crashed.
  const stub = () => stores.object(real.TENANT_BUDGET, tenant.org_id)
  const rpc = () => stub() as unknown as Rpc
  const queues = heldQueues()
  let serial = 0
  const eventOf = (cost: number, more: Partial<CanonicalEvent> = {}): CanonicalEvent => ({
    event_type: 'agent.step.completed',
    timestamp: Date.now(),
    trace_id: `t${serial++}`,
    span_id: 's',
    agent_id: 'bot',
    model: 'gpt-4o',
    provider: 'openai',
    cost_nanousd: cost,
    ...more,
  })
  return {
    tenant,
    get stub() {
      return stub()
    },
    rpc,
    eventOf,
    envelope: (events: CanonicalEvent[]) => envelopeOf(makeBatch(tenant, events)),
    deliver: (bodies: Uint8Array[]) => queues.deliver(tenant.cell, bodies),
    send: (events: CanonicalEvent[]) => queues.deliver(tenant.cell, [envelopeOf(makeBatch(tenant, events))]),
    async reserve(estimate_usd: string, more: object = {}) {
      return rpc().reserve(tenant, [{ estimate_usd, agent_id: 'bot', model: 'gpt-4o', provider: 'openai', ...more }])
    },
    settle: (reservation_id: string, cost_usd: string, more: object = {}) =>
      rpc().settle(tenant, { reservation_id, cost_usd, ...more }),
    async budget(input: object = {}) {
      const made = BudgetCreate.parse({
        name: 'All',
        scope: { type: 'org' },
        period: 'month',
        limit_usd: '1',
        hard: true,
        ...input,
      })
      return rpc().create(tenant, `bdg_${serial++}`, 'UTC', made)
    },
    async control(input: object) {
      const made = ControlCreate.parse({ name: 'Rail', scope: { type: 'org' }, ...input })
      return rpc().createControl(tenant, `ctl_${serial++}`, made)
    },
    async only() {
      const [budget] = await rpc().budgets()
      if (budget === undefined) throw new Error('no budget')
      return budget
    },
    /** An alarm, after which what the object had to send has arrived. */
    async ring() {
      await withQueues(stub(), queues.env)
      await runDurableObjectAlarm(stub())
      await queues.deliver(tenant.cell)
    },
    /** Alarms until what was settled is in the ledger, and the object and the ledger agree. */
    async booked() {
      const ledger = () => ledgerTotal(stores.shard(tenant.shard), tenant.org_id)
      await vi.waitFor(
        async () => {
          await this.ring()
          expect(await stub().reconcile(await ledger())).toEqual({ difference_nanousd: '0', entries_difference: 0 })
          const all = await rpc().reservations(1000)
          expect(all.filter(({ unconfirmed_usd }) => unconfirmed_usd !== usd(0))).toEqual([])
        },
        { timeout: 15_000, interval: 100 },
      )
      return ledger()
    },
  }
}

/** What the object sends waits for `deliver` from now on, instead of a second for its queue. */
const withQueues = (stub: DurableObjectStub<TenantBudget>, env: Env) =>
  runInDurableObject(stub, (object) => void Object.assign(object, { env }))

export const idOf = (answer: Awaited<ReturnType<Rpc['reserve']>>) => {
  const id = answer.reservations[0]?.reservation_id
  if (id === undefined) throw new Error(`refused: ${String(answer.detail)}`)
  return id
}
export const nano = (text: string) => nanoFromUsd(text) ?? Number.NaN

/**
 * A day of its own for each test, so that budgets begin empty; `pass` lets time go by. It is in the future of the real
 * clock, by which workerd rings alarms: one that an object sets in the past rings at once, is set again, and so on
 * without end, for as many objects as tests have made.
 */
export function ownDays(): (ms: number) => void {
  let clock = Date.parse('2037-03-10T12:00:00Z')
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
    clock += DAY_MS
    vi.setSystemTime(clock)
  })
  afterEach(() => vi.useRealTimers())
  return (ms) => vi.setSystemTime(Date.now() + ms)
}
