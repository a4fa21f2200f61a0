import { fail } from '@sveltejs/kit'
import { roleMay } from '../../../../../workers/contract/permissions.ts'
import { api, ApiError } from '$lib/api.ts'
import { assistantCommand } from '$lib/features/connect/snippets.ts'
import { clientsOf, picked, toldBy } from '$lib/features/connect/clients.ts'
import { settle } from '$lib/loaded.ts'
import { dropFirstKey, keepFirstKey, readFirstKey } from '$lib/server/first-key.ts'
import { projectTelemetry } from '$lib/telemetry.ts'
import { projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

const hex = (bytes: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')

export const load: PageServerLoad = async ({ parent, fetch, url, cookies }) => {
  const { org, project } = await parent()
  const of = projectTelemetry(api(fetch), project.id)
  const clients = clientsOf({ nowMs: Date.now(), traceId: hex(16), spanId: hex(8) })
  const traces = await settle(of.traces({ limit: '1' }))
  const trace = traces.ok ? (traces.value.data[0] ?? null) : null
  const detail = trace === null ? null : await settle(of.trace(trace.trace_id))
  const key = readFirstKey(cookies, project.id)
  const client = picked(clients, url.searchParams)
  return {
    key,
    mayMakeKey: roleMay(org.role, 'key.write'),
    first: trace && { trace, from: detail?.ok ? toldBy(clients, detail.value.events) : null },
    assistant: assistantCommand({ origin: url.origin, key }),
    clients: clients.map(({ id, name, group, words = '' }) => ({ id, name, group, words })),
    client: client && {
      ...{ id: client.id, name: client.name, about: client.about, posts: client.posts },
      ...{ unsent: client.unsent, proof: client.proof },
      steps: client.steps({ origin: url.origin, key }),
    },
  }
}

export const actions: Actions = {
  /** A further key for this page, when the first is no longer shown. */
  key: async ({ request, fetch, cookies, params, url }) => {
    const project = String((await request.formData()).get('project_id') ?? '')
    try {
      const { key } = await projectSettings(api(fetch), project).createKey({
        name: 'Getting started',
        scopes: ['ingest', 'read'],
      })
      keepFirstKey(cookies, params.org, project, key, url.protocol === 'https:')
      return { error: null, requestId: null }
    } catch (error) {
      if (error instanceof ApiError)
        return fail(error.status, { error: error.problem.detail, requestId: error.requestId })
      throw error
    }
  },
  forget: async ({ cookies, params }) => dropFirstKey(cookies, params.org),
}
