import { republish } from '../key/manage.ts'
import type { OrgRow, ProjectRow, TenantDeps } from './store.ts'

/** Changes a project and tells the edge what its keys now mean. */
export async function updateProject(
  deps: TenantDeps,
  org: OrgRow,
  project: ProjectRow,
  change: { name?: string | undefined; keep_content?: boolean | undefined },
): Promise<ProjectRow> {
  const next: ProjectRow = {
    ...project,
    name: change.name ?? project.name,
    keepContent: change.keep_content ?? project.keepContent,
  }
  await deps.control.updateProject(org.id, project.id, { name: next.name, keepContent: next.keepContent })
  if (next.keepContent !== project.keepContent) {
    const [keys, principals] = await Promise.all([deps.keys.keys(org.id, project.id), deps.keys.principals(org.id)])
    for (const key of keys) {
      const principal = principals.find(({ id }) => id === key.principalId) ?? null
      if (principal?.disabledMs == null) await republish(deps, { org, project: next }, [key], principal)
    }
  }
  return next
}
