import { AuditItem } from '../../../workers/contract/audit.ts'
import { Page } from '../../../workers/contract/api.ts'
import { orgPath, type Api } from './api.ts'

export type { AuditItem }
const Items = Page(AuditItem)

/** What the pages ask of an organization's audit log. */
export function auditLog(api: Api, org: string) {
  return {
    list: (query: Record<string, string>) =>
      api.get(`${orgPath(org, 'audit')}?${new URLSearchParams(query).toString()}`, Items),
  }
}
