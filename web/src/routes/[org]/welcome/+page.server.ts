import { fail } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import {
  curlSnippet,
  environmentSnippet,
  firstEvent,
  NODE_INSTALL,
  nodeSnippet,
} from '$lib/features/welcome/snippets.ts'
import { settle } from '$lib/loaded.ts'
import { dropFirstKey, keepFirstKey, readFirstKey } from '$lib/server/first-key.ts'
import { projectTelemetry } from '$lib/telemetry.ts'
import { projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

const hex = (bytes: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')

export const load: PageServerLoad = async ({ parent, fetch, url, cookies }) => {
  const { project } = await parent()
  const traces = await settle(projectTelemetry(api(fetch), project.id).traces({ limit: '1' }))
  const key = readFirstKey(cookies, project.id)
  const facts = { origin: url.origin, key }
  const event = firstEvent({ nowMs: Date.now(), traceId: hex(16), spanId: hex(8) })
  return {
    key,
    first: traces.ok ? (traces.value.data[0] ?? null) : null,
    snippets: {
      curl: curlSnippet(facts, event),
      install: NODE_INSTALL,
      node: nodeSnippet(facts),
      environment: environmentSnippet(facts),
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
