import type { AlertsRpc } from '../../contract/alert.ts'
import type { SlosRpc } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { AlertSource } from './source.ts'

export interface AlertDeps {
  /** The object that keeps the alerts of this organization. */
  of(tenant: Tenant): AlertsRpc & Pick<SlosRpc, 'slos'>
  budgetIds(tenant: Tenant): Promise<string[]>
  /** What rules are judged by. */
  source: AlertSource
  now(): number
  random(bytes: number): Uint8Array
}

/** Who asks, as far as alerts care. */
export interface Asker {
  /** The organization's zone. */
  zone: string
  /** Which projects they see. */
  projects: string[]
  /** Whether those are some of the organization's only. */
  isPartial: boolean
  id: string
}

/** What belongs to a project that is not seen, or to all projects, is not for who sees some. */
export const isSeenBy =
  ({ projects, isPartial }: Pick<Asker, 'projects' | 'isPartial'>) =>
  ({ project_id }: { project_id: string | null }) =>
    !isPartial || (project_id !== null && projects.includes(project_id))
