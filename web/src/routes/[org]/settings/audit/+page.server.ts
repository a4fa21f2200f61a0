import { api } from '$lib/api.ts'
import { auditLog } from '$lib/audit.ts'
import { auditQuery } from '$lib/audit-words.ts'
import { roleMay } from '$lib/features/settings/roles.ts'
import { settle } from '$lib/loaded.ts'
import { people } from '$lib/tenancy.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  if (!roleMay(org.role, 'audit.read')) return { nowMs: Date.now(), entries: null, members: [] }
  const [entries, members] = await Promise.all([
    settle(auditLog(api(fetch), org.id).list(auditQuery(url.searchParams))),
    settle(people(api(fetch), org.id).members()),
  ])
  return { nowMs: Date.now(), entries, members: members.ok ? members.value : [] }
}
