import * as z from 'zod'
import { Incident } from '../../../contract/alert.ts'
import { Page } from '../../../contract/api.ts'
import { at, queryOf } from '../caller.ts'
import { pageUrl } from '../links.ts'
import { orgAsked, OrgInput } from '../place.ts'
import { count, lines, quoted } from '../say.ts'
import { tool } from '../tool.ts'

const GROUPS_MAX = 10

const Row = Incident.extend({
  groups_left_out: z.number().describe(`Of "groups", beyond the first ${GROUPS_MAX}`),
  url: z.string(),
})

/** What alert rules found. */
export const listIncidents = tool({
  name: 'list_incidents',
  title: 'Incidents',
  description:
    'Incidents of an organization, newest first: what an alert rule found, since when, how severe, whether it lasts, and who has acknowledged it.',
  input: z.object({
    ...OrgInput,
    state: z.enum(['firing', 'resolved']).optional(),
    limit: z.number().int().min(1).max(100).default(20),
    cursor: z.string().max(2000).optional(),
  }),
  output: z.object({ incidents: z.array(Row), next_cursor: z.string().nullable(), url: z.string() }),
  async run(asked, caller) {
    const org = await orgAsked(caller, asked)
    const { state, limit, cursor } = asked
    const path = at`/api/v1/orgs/${org.id}/incidents` + queryOf({ state, limit, cursor })
    const { data, next_cursor } = await caller.ask(path, Page(Incident))
    const incidents = data.map((incident) => ({
      ...incident,
      groups: incident.groups.slice(0, GROUPS_MAX),
      groups_left_out: Math.max(0, incident.groups.length - GROUPS_MAX),
      url: pageUrl(caller, org, `alerts/incidents/${incident.id}`),
    }))
    const url = pageUrl(caller, org, 'alerts', { state })
    const said = incidents.map(
      (one) =>
        `${one.severity}, ${one.state} since ${one.began_at}: ${quoted(one.rule_name)}: ${quoted(one.summary, 200)}`,
    )
    const text = [
      `${count(incidents.length, 'incident')} of ${quoted(org.name)}.`,
      ...(said.length > 0 ? [lines(said, next_cursor !== null)] : []),
      url,
    ].join('\n')
    return { data: { incidents, next_cursor, url }, text }
  },
})
