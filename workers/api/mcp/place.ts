import * as z from 'zod'
import { Me, Org, Page, Project } from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { ME, MISSING } from '../context.ts'
import { at, type Caller } from './caller.ts'

const id = z.string().min(1).max(100)

/** Which organization is meant; with `project`, which of its projects. */
export const OrgInput = {
  org: id
    .optional()
    .describe('Id or slug of the organization, from whoami. Not needed with an API key, or in one organization only'),
}
export const ProjectInput = {
  ...OrgInput,
  project: id.optional().describe('Id or slug of the project, from whoami. Not needed where there is one only'),
}
interface Asked {
  org?: string | undefined
  project?: string | undefined
}

/** The organization that is meant. @throws Refused, AppError where it is not said and there are several. */
export async function orgAsked({ ask, actor }: Caller, { org, project }: Asked): Promise<Org> {
  if (org !== undefined) return ask(at`/api/v1/orgs/${org}`, Org)
  if (actor.type === 'key') return ask(at`/api/v1/orgs/${actor.record.org_id}`, Org)
  const { orgs } = await ask(ME, Me)
  const [only] = orgs
  if (only !== undefined && orgs.length === 1) return only
  if (project !== undefined) {
    const { org_id } = await ask(at`/api/v1/projects/${project}`, Project)
    return ask(at`/api/v1/orgs/${org_id}`, Org)
  }
  throw unsaid('org', 'organization', orgs)
}

/** The organization with those of its projects that the caller sees, or with the one that is named. */
export async function projectsAsked(caller: Caller, asked: Asked): Promise<{ org: Org; projects: Project[] }> {
  const org = await orgAsked(caller, asked)
  const { data } = await caller.ask(at`/api/v1/orgs/${org.id}/projects`, Page(Project))
  if (asked.project === undefined) return { org, projects: data }
  const named = data.find((one) => one.id === asked.project || one.slug === asked.project)
  if (named === undefined) throw new AppError('not_found', MISSING)
  return { org, projects: [named] }
}

/** The project that is meant, in its organization. */
export async function projectAsked(caller: Caller, asked: Asked): Promise<{ org: Org; project: Project }> {
  const { org, projects } = await projectsAsked(caller, asked)
  const [project] = projects
  if (project === undefined || projects.length > 1) throw unsaid('project', 'project', projects)
  return { org, project }
}

const NAMED_MAX = 20

function unsaid(argument: string, what: string, choice: readonly { id: string; slug: string; name: string }[]) {
  if (choice.length === 0) return new AppError('forbidden', `There is no ${what} that you may see.`)
  const named = choice.slice(0, NAMED_MAX).map(({ slug, name }) => `${slug} (${name})`)
  const more = choice.length > NAMED_MAX ? `, and ${choice.length - NAMED_MAX} more (whoami)` : ''
  const detail = `Say which ${what} with "${argument}": ${named.join(', ')}${more}.`
  return new AppError('invalid_input', detail, { errors: [{ pointer: `/${argument}`, detail }] })
}
