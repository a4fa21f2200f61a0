import type { AuditRecord } from '../../contract/audit.ts'
import { RETENTION_STORES, type RetentionDays, type RetentionStore } from '../../contract/retention.ts'
import { cutoffsOf, type Cutoffs } from '../../domain/retention.ts'

/** Every project has a pass a day. */
const PASS_EVERY_MS = 20 * 3_600_000

export interface RetainedProject extends RetentionDays {
  id: string
  orgId: string
}

type Counts = Partial<Record<RetentionStore, number>>

/** How far retention has come with a project. */
export interface RetentionState {
  step: RetentionStore | null
  cursor: string | null
  counts: Counts
  removed: Counts
  checkedMs: number | null
  removedMs: number | null
}

/** What one bounded unit removed, and where the next begins; null when the store is done. */
export interface Removed {
  removed: number
  next: string | null
}

export interface RetentionDeps {
  /** Projects of one shard with something to enforce whose organization does not move. */
  projects(): Promise<RetainedProject[]>
  states(): Promise<Map<string, RetentionState>>
  save(project: RetainedProject, state: RetentionState): Promise<void>
  archivedMs(orgId: string): Promise<number>
  remove: Record<RetentionStore, (project: RetainedProject, cutoffs: Cutoffs, after: string | null) => Promise<Removed>>
  audit(project: RetainedProject, record: AuditRecord): Promise<void>
  failed(project: RetainedProject, error: unknown): void
  now(): number
}

const NEW: RetentionState = { step: null, cursor: null, counts: {}, removed: {}, checkedMs: null, removedMs: null }

/**
 * Removes what is older than its project keeps it: projects one after another, the one served longest ago first, in
 * bounded units until the time is over. Killed anywhere, the next run goes on.
 */
export async function enforceRetention(deps: RetentionDeps, untilMs: number): Promise<{ projects: number }> {
  const [all, states] = [await deps.projects(), await deps.states()]
  const due = all
    .map((project) => ({ project, state: states.get(project.id) ?? NEW }))
    .filter(({ state }) => state.step !== null || (state.checkedMs ?? 0) < deps.now() - PASS_EVERY_MS)
    .sort((a, b) => (a.state.checkedMs ?? 0) - (b.state.checkedMs ?? 0))
  let projects = 0
  for (const { project, state } of due) {
    if (deps.now() >= untilMs) break
    try {
      await pass(deps, project, state, untilMs)
      projects++
    } catch (error) {
      deps.failed(project, error)
    }
  }
  return { projects }
}

async function pass(
  deps: RetentionDeps,
  project: RetainedProject,
  from: RetentionState,
  untilMs: number,
): Promise<void> {
  const cutoffs = cutoffsOf(project, await deps.archivedMs(project.orgId), deps.now())
  let state: RetentionState =
    from.step === null ? { ...from, step: RETENTION_STORES[0], cursor: null, counts: {} } : from
  while (state.step !== null) {
    if (deps.now() >= untilMs) return deps.save(project, state)
    const { removed, next } = await deps.remove[state.step](project, cutoffs, state.cursor)
    state = {
      ...state,
      counts: { ...state.counts, [state.step]: (state.counts[state.step] ?? 0) + removed },
      removed: { ...state.removed, [state.step]: (state.removed[state.step] ?? 0) + removed },
      step: next === null ? (RETENTION_STORES[RETENTION_STORES.indexOf(state.step) + 1] ?? null) : state.step,
      cursor: next,
    }
    // What was removed must be told, also when this process ends here.
    if (removed > 0 && state.step !== null) await deps.save(project, state)
  }
  const now = deps.now()
  const isAny = Object.values(state.counts).some((n) => n > 0)
  if (isAny) await deps.audit(project, recordOf(project, state, now))
  await deps.save(project, { ...state, checkedMs: now, removedMs: isAny ? now : state.removedMs, counts: {} })
}

function recordOf(
  { id, events_days, traces_days, metrics_days, archive_days }: RetainedProject,
  { counts, checkedMs }: RetentionState,
  nowMs: number,
): AuditRecord {
  return {
    // By the pass before: a day may see two passes, and one that died before it was noted tells the same again.
    id: `retention:${id}:${checkedMs ?? 0}`,
    at_ms: nowMs,
    actor: { type: 'system', id: 'retention', label: 'Retention' },
    action: 'retention.enforced',
    target: { type: 'project', id },
    after: { removed: counts, events_days, traces_days, metrics_days, archive_days },
    origin: null,
    request_id: `retention-${id}`,
  }
}
