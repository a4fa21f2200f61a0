import type { Org, Project } from '../../contract/api.ts'
import { queryOf, type Caller } from './caller.ts'

/** A page of the dashboard, absolute. */
export function pageUrl(
  { origin }: Caller,
  { slug }: Pick<Org, 'slug'>,
  path: string,
  query: Record<string, string | readonly string[] | undefined> = {},
): string {
  return `${origin}/${slug}/${path}${queryOf(query)}`
}

export function traceUrl(caller: Caller, org: Org, project: Project, traceId: string): string {
  return pageUrl(caller, org, `traces/${encodeURIComponent(traceId)}`, { project: project.slug })
}
