import type { Subject } from './decide.ts'

/** What is known of budgets where they cannot be asked: no names, only hashes. */
export interface GuardFallback {
  budgets: { scope: string; id_hash: string; on_unreachable: 'open' | 'closed' }[]
}

/** Of a scope's id, bound to its organization: an agent's or a user's name must not leave its region. */
export const scopeHash = (orgId: string, scope: string, id: string, sha256: (text: string) => string) =>
  sha256(`${orgId}\n${scope}\n${id}`)

/** Closed where a budget that applies says so; nobody knows how much is left. */
export function unreachable(
  { budgets }: GuardFallback,
  orgId: string,
  subjects: readonly Subject[],
  sha256: (text: string) => string,
): 'open' | 'closed' {
  const closed = budgets.filter(({ on_unreachable }) => on_unreachable === 'closed')
  if (closed.length === 0) return 'open'
  const hashes = new Set(
    subjects.flatMap((subject) =>
      Object.entries({ org: '', ...subject }).map(([scope, id]) => scopeHash(orgId, scope, id, sha256)),
    ),
  )
  return closed.some(({ id_hash }) => hashes.has(id_hash)) ? 'closed' : 'open'
}

/** Whom work of a project is for. */
export function subjectOf(
  place: { workspace_id: string; project_id: string },
  work: {
    agent_id?: string | null | undefined
    workflow_id?: string | null | undefined
    model?: string | null | undefined
    provider?: string | null | undefined
    user_id?: string | null | undefined
  },
): Subject {
  return {
    workspace: place.workspace_id,
    project: place.project_id,
    agent: work.agent_id ?? '',
    workflow: work.workflow_id ?? '',
    model: work.model ?? '',
    provider: work.provider ?? '',
    user: work.user_id ?? '',
  }
}
