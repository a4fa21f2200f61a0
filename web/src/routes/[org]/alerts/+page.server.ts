import { alertsOf, type IncidentState } from '$lib/alerts.ts'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import type { PageServerLoad } from './$types'

const STATES: readonly string[] = ['firing', 'resolved']

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:alerts')
  const { org } = await parent()
  const of = alertsOf(api(fetch), org.id)
  const wanted = url.searchParams.get('state')
  const state = STATES.includes(wanted ?? '') ? (wanted as IncidentState) : null
  const cursor = url.searchParams.get('cursor')
  const rule = url.searchParams.get('rule')
  const filter = { ...(state && { state }), ...(cursor && { cursor }), ...(rule && { rule_id: rule }) }
  const [incidents, rules] = await Promise.all([settle(of.incidents(filter)), settle(of.rules())])
  return { incidents, rules, filter: { state, rule, cursor }, nowMs: Date.now() }
}
