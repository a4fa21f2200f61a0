import { z } from '@hono/zod-openapi'
import {
  Invitation,
  InvitationCreate,
  InvitationOffer,
  InvitationToken,
  Member,
  MemberUpdate,
  Org,
  Page,
  Transfer,
} from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { acceptInvitation, invitationView, invite, readOffer } from '../../services/member/invite.ts'
import { leaveViews } from '../../services/dashboard/views.ts'
import { changeMember, memberView, removeMember, transferOwnership } from '../../services/member/manage.ts'
import { orgView } from '../../services/tenant/org.ts'
import { MISSING, orgOf, personOf, tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const UserParam = OrgParam.extend({ user: z.string().min(1).max(100) })
const InvitationParam = OrgParam.extend({ invitation: z.string().min(1).max(100) })

/** Who belongs to an organization, as what, and who is asked to join. */
export function memberRoutes(app: App): void {
  membersOfOrg(app)
  leaving(app)
  invitationsOfOrg(app)
  accepting(app)
}

function membersOfOrg(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/members',
    tag: 'Members',
    summary: 'Members and their roles',
    permission: 'member.read',
    params: OrgParam,
    answer: Page(Member),
    handle: async ({ who, deps }) => ({
      data: (await deps.members.members.members(orgOf(who).id)).map(memberView),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/members/{user}',
    tag: 'Members',
    summary: 'Change the role or the projects of a member',
    permission: 'member.write',
    action: 'member.update',
    params: UserParam,
    body: MemberUpdate,
    answer: Member,
    async handle({ who, deps, params, body, changed }) {
      const { before, after } = await changeMember(deps.members, orgOf(who).id, roleOf(who), params.user, body)
      changed({ target: targetOf(before), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/members/{user}',
    tag: 'Members',
    summary: 'Remove a member',
    permission: 'member.write',
    action: 'member.remove',
    params: UserParam,
    answer: Member,
    async handle({ who, deps, params, changed }) {
      const removed = await removeMember(deps.members, orgOf(who).id, roleOf(who), params.user)
      await leaveViews(deps.views, tenantOf(who), removed.user_id)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

function leaving(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/leave',
    tag: 'Members',
    summary: 'Leave an organization',
    permission: 'org.leave',
    action: 'member.leave',
    params: OrgParam,
    answer: Member,
    async handle({ who, deps, changed }) {
      const left = await removeMember(deps.members, orgOf(who).id, roleOf(who), personOf(who).id, true)
      await leaveViews(deps.views, tenantOf(who), left.user_id)
      changed({ target: targetOf(left), before: factsOf(left) })
      return left
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/transfer',
    tag: 'Members',
    summary: 'Make another member the owner in my place',
    permission: 'org.own',
    action: 'org.transfer',
    params: OrgParam,
    body: Transfer,
    answer: Member,
    async handle({ who, deps, body, changed }) {
      const { before, after } = await transferOwnership(deps.members, orgOf(who).id, personOf(who).id, body.user_id)
      changed({ target: targetOf(before), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
}

function invitationsOfOrg(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/invitations',
    tag: 'Members',
    summary: 'Invitations, newest first',
    permission: 'member.read',
    params: OrgParam,
    answer: Page(Invitation),
    handle: async ({ who, deps }) => ({
      data: (await deps.members.members.invitations(orgOf(who).id)).map((row) => invitationView(row, deps.now())),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/invitations',
    tag: 'Members',
    summary: 'Invite somebody by mail; replaces an open invitation to the same address',
    permission: 'member.write',
    action: 'invitation.create',
    params: OrgParam,
    body: InvitationCreate,
    status: 201,
    answer: Invitation,
    async handle({ who, deps, body, changed }) {
      const made = await invite(deps.members, orgOf(who), { ...personOf(who), role: roleOf(who) }, body)
      changed({ target: invitationTarget(made), after: { role: made.role, project_ids: made.project_ids } })
      return made
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/invitations/{invitation}',
    tag: 'Members',
    summary: 'Take an invitation back',
    permission: 'member.write',
    action: 'invitation.revoke',
    params: InvitationParam,
    answer: Invitation,
    async handle({ who, deps, params, changed }) {
      const now = deps.now()
      const row = await deps.members.members.revokeInvitation(orgOf(who).id, params.invitation, now)
      if (row === null) throw new AppError('not_found', MISSING)
      const revoked = invitationView(row, now)
      changed({ target: invitationTarget(revoked), before: { state: 'open' }, after: { state: revoked.state } })
      return revoked
    },
  })
}

function accepting(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/invitations/read',
    tag: 'Members',
    summary: 'What the link of an invitation offers',
    permission: 'public',
    action: null,
    body: InvitationToken,
    answer: InvitationOffer,
    handle: ({ deps, body }) => readOffer(deps.members, body.token),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/invitations/accept',
    tag: 'Members',
    summary: 'Join the organization that invited my address',
    permission: 'self',
    action: 'invitation.accept',
    body: InvitationToken,
    answer: Org,
    async handle({ who, deps, body, changed }) {
      const person = personOf(who)
      const offer = await acceptInvitation(deps.members, person, body.token)
      const access = await deps.tenants.control.access(person.id, { org: offer.orgId })
      if (access === null) throw new AppError('not_found', MISSING)
      changed(
        {
          target: { type: 'user', id: person.id, label: person.name, email: person.email },
          after: { role: offer.role, project_ids: offer.projectIds },
        },
        tenantOf({ actor: person, ...access }),
      )
      return orgView(access.org)
    },
  })
}

const targetOf = ({ user_id, name, email }: Member) => ({ type: 'user', id: user_id, label: name, email })
const factsOf = ({ role, project_ids }: Member) => ({ role, project_ids })
/** Its label is an address, which the log seals like a person's. */
const invitationTarget = ({ id, email }: Invitation) => ({ type: 'invitation', id, label: email })

function roleOf(who: Who) {
  personOf(who)
  if (who.role === null) throw new Error('a member has a role')
  return who.role
}
