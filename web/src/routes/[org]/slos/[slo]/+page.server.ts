import { fail, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { channelsOf } from '$lib/channels.ts'
import { changeOf, sloFrom } from '$lib/features/slos/slo-form.ts'
import { settle } from '$lib/loaded.ts'
import { failPage } from '$lib/page-error.ts'
import { refusal } from '$lib/server/action.ts'
import { slosOf } from '$lib/slos.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, params, url, depends }) => {
  depends('agentops:slo')
  const { org } = await parent()
  const [slo, budgets, channels] = await Promise.all([
    slosOf(api(fetch), org.id)
      .read(params.slo)
      .catch((cause: unknown) => failPage(cause, url)),
    settle(budgetsOf(api(fetch), org.id).list()),
    settle(channelsOf(api(fetch), org.id).list()),
  ])
  return {
    slo,
    budgets: budgets.ok ? budgets.value.map(({ id, name }) => ({ id, name })) : [],
    channels: channels.ok ? channels.value : [],
    removing: url.searchParams.has('remove'),
    nowMs: Date.now(),
  }
}

export const actions: Actions = {
  save: async ({ request, fetch, params }) => {
    const parsed = sloFrom(await request.formData())
    if (!parsed.ok) return fail(422, { errors: parsed.errors })
    try {
      await slosOf(api(fetch), params.org).update(params.slo, changeOf(parsed.slo))
      return { done: 'The objective is saved. It is judged anew within a minute.' }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ fetch, params }) => {
    try {
      await slosOf(api(fetch), params.org).remove(params.slo)
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${params.org}/slos`)
  },
}
