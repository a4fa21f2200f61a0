import { api } from '$lib/api.ts'
import { failPage } from '$lib/page-error.ts'
import { projectTelemetry } from '$lib/telemetry.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ fetch, params, url, parent, depends }) => {
  depends('agentops:trace')
  const { project } = await parent()
  const detail = await projectTelemetry(api(fetch), project.id)
    .trace(params.trace)
    .catch((cause: unknown) => failPage(cause, url))
  return { nowMs: Date.now(), detail }
}
