import * as z from 'zod'
import { Org, Page, Project } from '../../../workers/contract/api.ts'
import { DeletedOrg, DeletedProject, GoneOrg } from '../../../workers/contract/deletion.ts'
import { orgPath, projectPath, type Api } from './api.ts'

export type { DeletedOrg, DeletedProject }
const Projects = Page(DeletedProject)
const Orgs = Page(DeletedOrg)
const Gone = Page(GoneOrg)
const Deleted = z.object({ deleted: z.literal(true) })
const orgsPath = '/api/v1/deleted-orgs'

/** Deleting, and taking that back. */
export function deletion(api: Api) {
  return {
    project: (id: string) => api.delete(projectPath(id), DeletedProject),
    projects: async (org: string) => (await api.get(orgPath(org, 'deleted-projects'), Projects)).data,
    restoreProject: (org: string, id: string) => api.post(orgPath(org, 'deleted-projects', id, 'restore'), Project),
    org: (org: string, confirm: string) => api.delete(orgPath(org), DeletedOrg, { confirm }),
    orgs: async () => (await api.get(orgsPath, Orgs)).data,
    restoreOrg: (id: string) => api.post(`${orgsPath}/${encodeURIComponent(id)}/restore`, Org),
    gone: async () => (await api.get('/api/v1/gone-orgs', Gone)).data,
    account: (confirm: string) => api.delete('/api/v1/me', Deleted, { confirm }),
  }
}

const DAY_MS = 86_400_000

/** `6 days left`, `the last hours`, `its time is over`: then it is about to be removed. */
export function timeLeft(purgeAt: string, nowMs: number): string {
  const days = Math.floor((Date.parse(purgeAt) - nowMs) / DAY_MS)
  if (days < 0) return 'its time is over'
  if (days < 1) return 'the last hours'
  return days === 1 ? '1 day left' : `${days} days left`
}
