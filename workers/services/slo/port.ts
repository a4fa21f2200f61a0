import type { BudgetsRpc } from '../../contract/budget.ts'
import type { SlosRpc } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { AlertDeps } from '../alert/port.ts'
import type { MetricsStore } from '../metrics/port.ts'

export interface SloDeps {
  /** The object that keeps the objectives of this organization, with its alerts. */
  of(tenant: Tenant): SlosRpc
  /** What else objectives name is looked up there. */
  alerts: AlertDeps
  budgets(tenant: Tenant): Pick<BudgetsRpc, 'budget' | 'spending'>
  metrics: MetricsStore
  now(): number
  random(bytes: number): Uint8Array
}
