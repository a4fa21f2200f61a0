import * as z from 'zod'
import { Me, Page, Project, type Org, type Role } from '../../../contract/api.ts'
import { ME } from '../../context.ts'
import { at, type Caller } from '../caller.ts'
import { pageUrl } from '../links.ts'
import { orgAsked } from '../place.ts'
import { count, quoted } from '../say.ts'
import { tool } from '../tool.ts'

const PROJECTS_MAX = 200
const ORGS_MAX = 20

const Organization = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  region: z.string(),
  time_zone: z.string(),
  role: z.string().nullable().describe('Of a person'),
  projects: z.array(z.object({ id: z.string(), slug: z.string(), name: z.string(), keeps_content: z.boolean() })),
  projects_left_out: z.number(),
  url: z.string(),
})

/** Who asks, and what other tools can be asked about. */
export const whoami = tool({
  name: 'whoami',
  title: 'Who am I',
  description:
    'Who is asking, and the organizations and projects that they may see, with the ids and slugs that other tools take. Ask this first.',
  input: z.object({}),
  output: z.object({
    kind: z.enum(['person', 'key']),
    name: z.string(),
    scopes: z.array(z.string()).describe('Of a key'),
    now: z.string(),
    organizations: z.array(Organization),
    organizations_left_out: z.number(),
    url: z.string(),
  }),
  async run(_, caller) {
    const { actor, origin, nowMs } = caller
    const all = await organizationsOf(caller)
    const organizations = await Promise.all(
      all.slice(0, ORGS_MAX).map(async ({ org, role }) => {
        const { data } = await caller.ask(at`/api/v1/orgs/${org.id}/projects`, Page(Project))
        const { id, slug, name, region, time_zone } = org
        const projects = data.slice(0, PROJECTS_MAX).map(({ keep_content: keeps_content, ...project }) => ({
          ...{ id: project.id, slug: project.slug, name: project.name, keeps_content },
        }))
        const projects_left_out = data.length - projects.length
        const url = pageUrl(caller, org, 'overview')
        return { id, slug, name, region, time_zone, role, projects, projects_left_out, url }
      }),
    )
    const data = {
      kind: actor.type === 'key' ? ('key' as const) : ('person' as const),
      name: actor.name,
      scopes: actor.type === 'key' ? actor.record.scopes : [],
      now: new Date(nowMs).toISOString(),
      organizations,
      organizations_left_out: all.length - organizations.length,
      url: `${origin}/`,
    }
    const places = organizations.map(
      ({ name, slug, projects, url }) => `- ${quoted(name)} (${slug}), ${count(projects.length, 'project')}: ${url}`,
    )
    return { data, text: [`${data.kind} ${quoted(actor.name)} sees:`, ...places].join('\n') }
  },
})

async function organizationsOf(caller: Caller): Promise<{ org: Org; role: Role | null }[]> {
  if (caller.actor.type === 'key') return [{ org: await orgAsked(caller, {}), role: caller.actor.record.role }]
  return (await caller.ask(ME, Me)).orgs.map(({ role, ...org }) => ({ org, role }))
}
