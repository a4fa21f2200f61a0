import type { CanonicalEvent } from '../../contract/event.ts'

/** One archived event: canonical, with its price and the batch that brought it. */
export interface ArchivedEvent extends CanonicalEvent {
  batch_id: string
  paid_nanousd: number | null
  cost_source: string | null
}

export interface ArchiveCommit {
  seq: number
  project_id: string
  events: number
  batches: string[]
}

export interface ArchiveDeps {
  /** Organizations with commits after their archive progress and before the settled hour's end. */
  archiveBehind(beforeMs: number): Promise<{ org_id: string; seq: number }[]>
  archiveCommits(orgId: string, afterSeq: number, beforeMs: number, limit: number): Promise<ArchiveCommit[]>
  archivedEvents(projectId: string, batchIds: string[]): Promise<ArchivedEvent[]>
  archiveAdvance(orgId: string, from: number, to: number): Promise<void>
  writeArchive(name: string, events: ArchivedEvent[]): Promise<void>
}

const HOUR_MS = 3_600_000
/** An hour is archived when it ended this long ago. */
const SETTLE_MS = 300_000
const COMMITS_PER_PAGE = 2000
const ROWS_PER_FILE = 50_000

/**
 * Writes what was applied in closed hours as Parquet, one file per project, hour and 50,000 rows. Names follow from
 * the commits they hold, so a run that died writes the same files again: nothing is archived twice or left out.
 */
export async function archiveShard(deps: ArchiveDeps, nowMs: number): Promise<{ files: number }> {
  const beforeMs = Math.floor((nowMs - SETTLE_MS) / HOUR_MS) * HOUR_MS
  let files = 0
  for (const { org_id, seq } of await deps.archiveBehind(beforeMs)) {
    let from = seq
    for (;;) {
      const commits = await deps.archiveCommits(org_id, from, beforeMs, COMMITS_PER_PAGE)
      const hour = hourOf(commits)
      const last = hour.at(-1)
      if (last === undefined) break
      for (const part of filesOf(hour)) {
        const first = part[0]
        const end = part.at(-1)
        if (!first || !end) continue
        const events = await deps.archivedEvents(
          first.project_id,
          part.flatMap((commit) => commit.batches),
        )
        await deps.writeArchive(nameOf(org_id, first, end), events)
        files++
      }
      await deps.archiveAdvance(org_id, from, last.seq)
      from = last.seq
    }
  }
  return { files }
}

/** The commits of the first hour in the page. */
function hourOf(commits: ArchiveCommit[]): ArchiveCommit[] {
  const first = commits[0]
  if (!first) return []
  const hour = Math.floor(first.seq / HOUR_MS)
  return commits.filter((commit) => Math.floor(commit.seq / HOUR_MS) === hour)
}

function filesOf(commits: ArchiveCommit[]): ArchiveCommit[][] {
  const projects = new Map<string, ArchiveCommit[]>()
  // What was priced anew is a commit without batches: the ledger tells of it.
  for (const commit of commits.filter(({ batches }) => batches.length > 0))
    projects.set(commit.project_id, [...(projects.get(commit.project_id) ?? []), commit])
  return [...projects.values()].flatMap((own) => {
    const files: ArchiveCommit[][] = [[]]
    let rows = 0
    for (const commit of own) {
      if (rows > 0 && rows + commit.events > ROWS_PER_FILE) {
        files.push([])
        rows = 0
      }
      files.at(-1)?.push(commit)
      rows += commit.events
    }
    return files
  })
}

/** `archive/<org>/<project>/yyyy/mm/dd/hh-<first seq>-<last seq>.parquet`, by the hour of applying. */
function nameOf(orgId: string, first: ArchiveCommit, last: ArchiveCommit): string {
  const [date = '', time = ''] = new Date(first.seq).toISOString().split('T')
  return `archive/${orgId}/${first.project_id}/${date.replaceAll('-', '/')}/${time.slice(0, 2)}-${first.seq}-${last.seq}.parquet`
}
