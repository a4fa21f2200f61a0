import {
  DeadLetter,
  Key,
  KeyCreate,
  KeyCreated,
  Me,
  OrgCreate,
  OrgCreated,
  Page,
  Project,
  ProjectCreate,
  ProjectUpdate,
  Workspace,
} from '../../../workers/contract/api.ts'
import type { z } from 'zod'
import type { Scope } from '../../../workers/contract/tenant.ts'
import { orgPath, projectPath, type Api } from './api.ts'

export { KeyCreate, OrgCreate, ProjectCreate, ProjectUpdate }
export type { DeadLetter, Key, Me, Project, Scope }

const Projects = Page(Project)
const Workspaces = Page(Workspace)
const Keys = Page(Key)
const DeadLetters = Page(DeadLetter)

/** What the pages ask of the signed-in person's account. */
export function account(api: Api) {
  return {
    me: () => api.get('/api/v1/me', Me),
    createOrg: (input: z.infer<typeof OrgCreate>) => api.post('/api/v1/orgs', OrgCreated, input),
  }
}

/** What the pages ask of one organization. */
export function organization(api: Api, org: string) {
  return {
    projects: async () => (await api.get(orgPath(org, 'projects'), Projects)).data,
    workspaces: async () => (await api.get(orgPath(org, 'workspaces'), Workspaces)).data,
    createProject: (input: z.infer<typeof ProjectCreate>) => api.post(orgPath(org, 'projects'), Project, input),
  }
}

/** What the settings ask of one project. */
export function projectSettings(api: Api, project: string) {
  return {
    update: (input: z.infer<typeof ProjectUpdate>) => api.patch(projectPath(project), Project, input),
    keys: async () => (await api.get(projectPath(project, 'keys'), Keys)).data,
    createKey: (input: z.infer<typeof KeyCreate>) => api.post(projectPath(project, 'keys'), KeyCreated, input),
    revokeKey: (key: string) => api.delete(projectPath(project, 'keys', key), Key),
    deadLetters: (cursor: string | null) =>
      api.get(
        projectPath(project, 'dead-letters') + (cursor === null ? '' : `?${new URLSearchParams({ cursor })}`),
        DeadLetters,
      ),
    replay: (batch: string) => api.post(projectPath(project, 'dead-letters', batch, 'replay'), DeadLetter),
  }
}
