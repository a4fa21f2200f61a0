import {
  DeadLetter,
  Invitation,
  InvitationCreate,
  InvitationOffer,
  Key,
  KeyCreate,
  KeyCreated,
  Me,
  Member,
  MemberUpdate,
  Org,
  OrgCreate,
  OrgCreated,
  NameInput,
  Page,
  Principal,
  PrincipalCreate,
  Project,
  ProjectCreate,
  ProjectUpdate,
  SsoConnection,
  SsoInput,
  Workspace,
} from '../../../workers/contract/api.ts'
import type { PrincipalUpdate } from '../../../workers/contract/api.ts'
import * as z from 'zod'
import type { Scope } from '../../../workers/contract/tenant.ts'
import { orgPath, projectPath, type Api } from './api.ts'

export {
  InvitationCreate,
  KeyCreate,
  MemberUpdate,
  OrgCreate,
  NameInput,
  PrincipalCreate,
  ProjectCreate,
  ProjectUpdate,
  SsoInput,
}
export type { DeadLetter, Invitation, Key, Me, Member, Principal, Project, Scope }

const Projects = Page(Project)
const Workspaces = Page(Workspace)
const Keys = Page(Key)
const DeadLetters = Page(DeadLetter)
const Members = Page(Member)
const Invitations = Page(Invitation)
const Principals = Page(Principal)
const Connection = z.object({ connection: SsoConnection.nullable() })

/** What the pages ask of the signed-in person's account. */
export function account(api: Api) {
  return {
    me: () => api.get('/api/v1/me', Me),
    createOrg: (input: z.infer<typeof OrgCreate>) => api.post('/api/v1/orgs', OrgCreated, input),
    offer: (token: string) => api.post('/api/v1/invitations/read', InvitationOffer, { token }),
    acceptInvitation: (token: string) => api.post('/api/v1/invitations/accept', Org, { token }),
  }
}

/** What the settings ask about the people and programs of an organization. */
export function people(api: Api, org: string) {
  return {
    members: async () => (await api.get(orgPath(org, 'members'), Members)).data,
    change: (user: string, input: z.infer<typeof MemberUpdate>) =>
      api.patch(orgPath(org, 'members', user), Member, input),
    remove: (user: string) => api.delete(orgPath(org, 'members', user), Member),
    leave: () => api.post(orgPath(org, 'leave'), Member),
    transfer: (user_id: string) => api.post(orgPath(org, 'transfer'), Member, { user_id }),
    invitations: async () => (await api.get(orgPath(org, 'invitations'), Invitations)).data,
    invite: (input: z.input<typeof InvitationCreate>) => api.post(orgPath(org, 'invitations'), Invitation, input),
    revokeInvitation: (id: string) => api.delete(orgPath(org, 'invitations', id), Invitation),
    principals: async () => (await api.get(orgPath(org, 'principals'), Principals)).data,
    createPrincipal: (input: z.input<typeof PrincipalCreate>) => api.post(orgPath(org, 'principals'), Principal, input),
    updatePrincipal: (id: string, input: z.infer<typeof PrincipalUpdate>) =>
      api.patch(orgPath(org, 'principals', id), Principal, input),
    keys: async () => (await api.get(orgPath(org, 'keys'), Keys)).data,
    createKey: (input: z.infer<typeof KeyCreate>) => api.post(orgPath(org, 'keys'), KeyCreated, input),
    rotateKey: (key: string, overlap_hours: number) =>
      api.post(orgPath(org, 'keys', key, 'rotate'), KeyCreated, { overlap_hours }),
    revokeKey: (key: string) => api.delete(orgPath(org, 'keys', key), Key),
  }
}

/** What the pages ask of one organization. */
export function organization(api: Api, org: string) {
  return {
    projects: async () => (await api.get(orgPath(org, 'projects'), Projects)).data,
    workspaces: async () => (await api.get(orgPath(org, 'workspaces'), Workspaces)).data,
    rename: (name: string) => api.patch(orgPath(org), Org, { name }),
    createWorkspace: (name: string) => api.post(orgPath(org, 'workspaces'), Workspace, { name }),
    createProject: (input: z.infer<typeof ProjectCreate>) => api.post(orgPath(org, 'projects'), Project, input),
  }
}

/** What the settings ask about single sign-on. */
export function singleSignOn(api: Api, org: string) {
  return {
    get: () => api.get(orgPath(org, 'sso'), Connection),
    set: (input: z.infer<typeof SsoInput>) => api.post(orgPath(org, 'sso'), SsoConnection, input),
    verify: () => api.post(orgPath(org, 'sso', 'verify'), SsoConnection),
    remove: () => api.delete(orgPath(org, 'sso'), SsoConnection),
  }
}

/** What the settings ask of one project. */
export function projectSettings(api: Api, project: string) {
  return {
    update: (input: z.infer<typeof ProjectUpdate>) => api.patch(projectPath(project), Project, input),
    keys: async () => (await api.get(projectPath(project, 'keys'), Keys)).data,
    createKey: (input: z.infer<typeof KeyCreate>) => api.post(projectPath(project, 'keys'), KeyCreated, input),
    rotateKey: (key: string, overlap_hours: number) =>
      api.post(projectPath(project, 'keys', key, 'rotate'), KeyCreated, { overlap_hours }),
    revokeKey: (key: string) => api.delete(projectPath(project, 'keys', key), Key),
    deadLetters: (cursor: string | null) =>
      api.get(
        projectPath(project, 'dead-letters') + (cursor === null ? '' : `?${new URLSearchParams({ cursor })}`),
        DeadLetters,
      ),
    replay: (batch: string) => api.post(projectPath(project, 'dead-letters', batch, 'replay'), DeadLetter),
  }
}
