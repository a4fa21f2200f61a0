import type { MetricsAnswer, MetricsQuery } from '../../../../../workers/contract/metrics.ts'
import type { Command } from '../../ui/palette/match.ts'

const HOUR_MS = 3_600_000
const LOOK_BACK_MS = 7 * 24 * HOUR_MS
const ROWS_MAX = 1000

/** An agent or a workflow that was seen lately. */
export interface Seen {
  kind: 'agent' | 'workflow'
  id: string
  project_id: string
  requests: number
}

/** Requests of the last seven days by project, agent and workflow: one question for both lists. */
export function seenQuery(nowMs: number): Partial<MetricsQuery> {
  const to = Math.ceil(nowMs / HOUR_MS) * HOUR_MS
  return {
    kind: 'request',
    dimensions: ['project_id', 'agent_id', 'workflow_id'],
    measures: ['count'],
    order: { by: 'count', direction: 'desc' },
    limit: ROWS_MAX,
    from: new Date(to - LOOK_BACK_MS).toISOString(),
    to: new Date(to).toISOString(),
  }
}

/** Each agent and each workflow of each project once, the busiest first. */
export function shapeSeen(answer: MetricsAnswer): Seen[] {
  const seen = new Map<string, Seen>()
  for (const row of answer.data) {
    for (const kind of ['agent', 'workflow'] as const) {
      const id = row[`${kind}_id`]
      const { project_id, count } = row
      if (typeof id !== 'string' || id === '' || typeof project_id !== 'string') continue
      const key = JSON.stringify([kind, project_id, id])
      const known = seen.get(key) ?? { kind, id, project_id, requests: 0 }
      seen.set(key, { ...known, requests: known.requests + Number(count ?? 0) })
    }
  }
  return [...seen.values()].sort((left, right) => right.requests - left.requests || left.id.localeCompare(right.id))
}

/** They lead to their traces. Where there are several projects, each says which one it is of. */
export function seenCommands(
  seen: readonly Seen[],
  orgSlug: string,
  projects: readonly { id: string; name: string }[],
): Command[] {
  return seen.flatMap(({ kind, id, project_id }): Command[] => {
    const project = projects.find((one) => one.id === project_id)
    if (project === undefined) return []
    const query = new URLSearchParams({ [`${kind}_id`]: id, range: '7d', project: project_id })
    return [
      {
        id: `${kind}:${project_id}:${id}`,
        label: id,
        group: kind === 'agent' ? 'Agents' : 'Workflows',
        icon: kind,
        words: kind,
        ...(projects.length > 1 && { detail: project.name }),
        does: { href: `/${orgSlug}/traces?${query}` },
      },
    ]
  })
}
