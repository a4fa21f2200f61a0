import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { ChannelCreate, channelsOf } from '$lib/channels.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

const STATES: readonly string[] = ['pending', 'sent', 'dead']

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:channels')
  const { org } = await parent()
  const of = channelsOf(api(fetch), org.id)
  const wanted = url.searchParams.get('state')
  const state = STATES.includes(wanted ?? '') ? (wanted as 'pending' | 'sent' | 'dead') : null
  const cursor = url.searchParams.get('cursor')
  const [channels, deliveries] = await Promise.all([
    settle(of.list()),
    settle(of.deliveries({ ...(state && { state }), ...(cursor && { cursor }) })),
  ])
  const asked = (channels.ok && channels.value.find(({ id }) => id === url.searchParams.get('remove'))) || null
  return { channels, deliveries, removing: asked, state, cursor, nowMs: Date.now() }
}

export const actions: Actions = {
  create: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const type = field(form, 'type')
    const given = field(form, 'target')
    const settings = {
      email: { type, to: given.split(/[\s,;]+/).filter(Boolean) },
      slack: { type, url: given },
      pagerduty: { type, routing_key: given },
      webhook: { type, url: given },
    }[type]
    const input = ChannelCreate.safeParse({ name: field(form, 'name'), settings })
    if (!input.success) {
      const [first] = input.error.issues
      const isName = first?.path[0] === 'name'
      return fail(422, { errors: { [isName ? 'name' : 'target']: first?.message ?? 'is not valid' } })
    }
    try {
      const made = await channelsOf(api(fetch), params.org).create(input.data)
      return { done: `“${made.name}” is there. Send it a test.`, secret: made.signing_secret }
    } catch (error) {
      return refusal(error)
    }
  },
  test: async ({ request, fetch, params }) => {
    try {
      const { channel_name } = await channelsOf(api(fetch), params.org).test(field(await request.formData(), 'id'))
      return { done: `A test is on its way to “${channel_name}”. What becomes of it stands below.` }
    } catch (error) {
      return refusal(error)
    }
  },
  rotate: async ({ request, fetch, params }) => {
    try {
      const made = await channelsOf(api(fetch), params.org).rotate(field(await request.formData(), 'id'))
      return { done: `“${made.name}” has a new signing secret.`, secret: made.signing_secret }
    } catch (error) {
      return refusal(error)
    }
  },
  toggle: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const enabled = field(form, 'enabled') === 'yes'
    try {
      const { name } = await channelsOf(api(fetch), params.org).update(field(form, 'id'), { enabled })
      return { done: enabled ? `“${name}” is told again.` : `“${name}” is told nothing any more.` }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ request, fetch, params }) => {
    try {
      const { name } = await channelsOf(api(fetch), params.org).remove(field(await request.formData(), 'id'))
      return { done: `“${name}” is removed.` }
    } catch (error) {
      return refusal(error)
    }
  },
  retry: async ({ request, fetch, params }) => {
    try {
      await channelsOf(api(fetch), params.org).retry(field(await request.formData(), 'id'))
      return { done: 'It is sent again.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
