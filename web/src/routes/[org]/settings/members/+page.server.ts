import { fail, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { InvitationCreate, MemberUpdate, people } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  const of = people(api(fetch), org.id)
  const [members, invitations] = await Promise.all([settle(of.members()), settle(of.invitations())])
  const ask = url.searchParams.get('remove') ?? url.searchParams.get('transfer')
  return {
    nowMs: Date.now(),
    members,
    invitations: invitations.ok ? invitations.value.filter(({ state }) => state === 'open') : [],
    asked: members.ok ? (members.value.find(({ user_id }) => user_id === ask) ?? null) : null,
  }
}

/** What the projects of a form mean: none chosen is all of them. */
function projectsOf(form: FormData): string[] | null {
  const chosen = form.getAll('project_ids').map(String)
  return chosen.length === 0 ? null : chosen
}

export const actions: Actions = {
  invite: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const given = { email: field(form, 'email'), role: field(form, 'role') }
    const input = InvitationCreate.safeParse({ ...given, project_ids: projectsOf(form) })
    if (!input.success) return fail(422, { given, emailError: 'Give an address such as ada@example.com.' })
    try {
      const { email } = await people(api(fetch), params.org).invite(input.data)
      return { done: `An invitation is on its way to ${email}.` }
    } catch (error) {
      return refusal(error)
    }
  },
  change: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const input = MemberUpdate.safeParse({
      role: field(form, 'role'),
      ...(form.has('with_projects') && { project_ids: projectsOf(form) }),
    })
    if (!input.success) return fail(422, { refusal: { detail: 'This is not a role.', request_id: '' } })
    try {
      const { name, role } = await people(api(fetch), params.org).change(field(form, 'user_id'), input.data)
      return { done: `${name} is ${role} now.` }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ request, fetch, params }) => {
    const form = await request.formData()
    try {
      const { name } = await people(api(fetch), params.org).remove(field(form, 'user_id'))
      return { done: `${name} is no longer a member.` }
    } catch (error) {
      return refusal(error)
    }
  },
  transfer: async ({ request, fetch, params }) => {
    const form = await request.formData()
    try {
      const { name } = await people(api(fetch), params.org).transfer(field(form, 'user_id'))
      return { done: `${name} is the owner now, and you are an admin.` }
    } catch (error) {
      return refusal(error)
    }
  },
  uninvite: async ({ request, fetch, params }) => {
    const form = await request.formData()
    try {
      const { email } = await people(api(fetch), params.org).revokeInvitation(field(form, 'invitation_id'))
      return { done: `The invitation of ${email} is taken back.` }
    } catch (error) {
      return refusal(error)
    }
  },
  leave: async ({ fetch, params }) => {
    try {
      await people(api(fetch), params.org).leave()
    } catch (error) {
      return refusal(error)
    }
    redirect(303, '/')
  },
}
