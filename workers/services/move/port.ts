import type { BatchHeader } from '../../contract/batch.ts'
import type { Digest, MoveStep, StoreNumbers } from '../../contract/move.ts'
import type { Cell, Tenant } from '../../contract/tenant.ts'

/** A tenant's place. */
export interface Home {
  cell: Cell
  shard: number
}

/** A move as it is kept: everything that is needed to go on with it. */
export interface MoveJob {
  id: string
  orgId: string
  from: Home
  to: Home
  state: 'running' | 'stopped' | 'done' | 'cancelled'
  step: MoveStep
  cursor: MoveCursor
  numbers: Record<string, StoreNumbers>
  detail: string | null
  createdMs: number
  updatedMs: number
  /** Since when the old cell applies no batch. */
  frozenMs: number | null
  switchedMs: number | null
  cancelMs: number | null
  endedMs: number | null
  version: number
}

/** Where a step is. Each begins with an empty one, but for `since`, which goes from step to step. */
export interface MoveCursor {
  /** `seq` of the last commit that was followed. */
  since?: number
  table?: number
  project?: number
  key?: string | null
  object?: string | null
  tries?: number
  untilMs?: number
}

/** The moves, in the control database. */
export interface MoveStore {
  /** False when the organization is moving already. */
  create(job: MoveJob): Promise<boolean>
  newest(orgId: string): Promise<MoveJob | null>
  /** @throws when somebody else has written the job meanwhile. */
  save(job: MoveJob, nowMs: number): Promise<MoveJob>
  /** False when the organization was switched already, or nothing is under way. */
  cancel(orgId: string, nowMs: number): Promise<boolean>
  /** Gives the organization its new cell unless the move was cancelled; whether it has it. */
  switchHome(job: MoveJob, nowMs: number): Promise<boolean>
  /** Organizations whose move nobody has worked on since. */
  idle(beforeMs: number): Promise<string[]>
  projects(orgId: string): Promise<string[]>
}

export interface MovedTable {
  name: string
  /** By what its rows are found. */
  scope: 'org_id' | 'project_id'
  /** How the copy keeps up: by the log of commits, not at all since its jobs stand still, or copied in the freeze. */
  follows: 'log' | 'held' | 'freeze'
}

export interface Page {
  copied: number
  /** Null after the last. */
  next: string | null
}

/** The tables of the two shards; `value` is a project or the organization. */
export interface MoveTables {
  list(at: Home): Promise<MovedTable[]>
  hold(at: Home, job: MoveJob, held: { commits: boolean; jobs: boolean }): Promise<void>
  release(at: Home, orgId: string): Promise<void>
  /** Says where batches that come too late are sent on to. */
  depart(at: Home, orgId: string, to: Home, nowMs: number): Promise<void>
  arrive(at: Home, orgId: string): Promise<void>
  lastSeq(at: Home, orgId: string): Promise<number>
  copyPage(job: MoveJob, table: string, value: string, after: string | null): Promise<Page>
  /** Copies what some of the commits after `seq` brought and changed. */
  copyCommits(job: MoveJob, seq: number): Promise<{ seq: number; commits: number; rows: Record<string, number> }>
  digestPage(
    at: Home,
    table: string,
    value: string,
    after: string | null,
  ): Promise<{ digest: Digest; next: string | null }>
  removeSome(at: Home, orgId: string, table: string, value: string): Promise<number>
  count(at: Home, table: string, value: string): Promise<number>
}

/** Objects in the two buckets. The journal is handed over, everything else copied. */
export interface MoveObjects {
  /** Copies those of one page that are missing or differ; after the switch, those that came since and are missing. */
  copyPage(job: MoveJob, after: string | null): Promise<Page>
  measure(at: Home, orgId: string): Promise<{ objects: number; bytes: number }>
  /** Hands over some journal objects; how many. */
  drainJournal(job: MoveJob): Promise<number>
  removeSome(at: Home, orgId: string): Promise<number>
  /** With the journal. */
  count(at: Home, orgId: string): Promise<number>
}

export interface TwoSides {
  left: Record<string, Digest>
  right: Record<string, Digest>
}

/** The tenant's Durable Objects. */
export interface MoveActors {
  copyBudget(job: MoveJob): Promise<TwoSides>
  /** Stops the alerts on both sides and copies them. */
  copyAlerts(job: MoveJob): Promise<TwoSides>
  /** From now on alerts are judged at this place. */
  openAlerts(at: Home, orgId: string): Promise<void>
  /** Seals the old log and copies it. */
  copyAudit(job: MoveJob): Promise<TwoSides>
  unsealAudit(job: MoveJob): Promise<void>
  /** Tells the new feeds what is on its way, and sends listeners of the old ones there. */
  moveFeeds(job: MoveJob, projects: string[]): Promise<void>
  wipe(at: Home, orgId: string, projects: string[]): Promise<void>
  /** Rows in the objects. */
  count(at: Home, orgId: string, projects: string[]): Promise<number>
}

export interface MoveDeps {
  moves: MoveStore
  tables: MoveTables
  objects: MoveObjects
  actors: MoveActors
  /** Tells the edge anew where the organization's keys lead. */
  publishKeys(orgId: string): Promise<void>
  /** Tells the audit log how the move ended. */
  audit(tenant: Tenant, job: MoveJob): Promise<void>
  now(): number
  /** Called between every two steps; tests throw here. */
  checkpoint(step: string): void
}

/** The two sides differ: nothing is deleted, and the old cell goes on. */
export class Different extends Error {}

/** What the consumer of a cell asks of batches whose organization moves, or has moved, away. */
export interface MoveGate {
  /** Whether a commit failed because of an organization that is held still. */
  isHeld(error: unknown): boolean
  held(shard: number, orgIds: string[]): Promise<Set<string>>
  /** Where those that have left live now; `fresh` trusts no memory. */
  away(shard: number, orgIds: string[], fresh?: boolean): Promise<Map<string, Home>>
  /** Keeps a batch in the journal, from where the move hands it over or, if it fails, the sweep sends it again. */
  hold(header: BatchHeader, envelope: Uint8Array): Promise<void>
  sendOn(home: Home, header: BatchHeader, envelope: Uint8Array): Promise<void>
}
