import { createMessageBatch } from 'cloudflare:test'
import { expect } from 'vitest'
import { cellFor } from '../../workers/adapters/cells.ts'
import { jobStore } from '../../workers/adapters/d1/job-store.ts'
import { COST_SOURCES, type CanonicalEvent } from '../../workers/contract/event.ts'
import type { JobKind } from '../../workers/contract/job.ts'
import { REPRICING_STEPS } from '../../workers/contract/repricing.ts'
import type { Cell, ProjectTenant } from '../../workers/contract/tenant.ts'
import type { Env } from '../../workers/pipeline/deps.ts'
import { DELETION_STEPS } from '../../workers/services/deletion/work.ts'
import { startJob } from '../../workers/services/job/run.ts'
import { envelopeOf, makeBatch, traceEvents } from './batches.ts'
import { livingTenant, real } from './moving.ts'
import { recordingEnv, type Recorded } from './recording.ts'

/** A tenant of a cell, and the words that only its data hold. */
export interface Resident {
  tenant: ProjectTenant
  /** What its agents name: users, agents and traces. */
  mark: string
  /** Organization, project, workspace and mark. */
  names: string[]
}

export async function residentOf(cell: Cell): Promise<Resident> {
  const tenant = await livingTenant(cell)
  const mark = `only-known-in-${cell}-${crypto.randomUUID().slice(0, 8)}`
  return { tenant, mark, names: [tenant.org_id, tenant.project_id, tenant.workspace_id, mark] }
}

export function eventsOf(mark: string, name: string): CanonicalEvent[] {
  return traceEvents(`${mark}-${name}`, 2, 1_000_001).map((event) => ({ ...event, user_id: mark, agent_id: mark }))
}

/** A queue's batch of one message for each name. */
export function messagesOf({ tenant, mark }: Resident, queue: string, ...names: string[]) {
  return createMessageBatch(
    queue,
    names.map((name, i) => ({
      id: String(i),
      timestamp: new Date(),
      attempts: 1,
      body: envelopeOf(makeBatch(tenant, eventsOf(mark, name))),
    })),
  )
}

const asleep = { getByName: () => ({ run: async () => {} }) }
/** Bindings whose long workers are called and do nothing: what these do by themselves is looked at on its own. */
export const sleeping = { ...real, ORG_MOVE: asleep, ORG_JOBS: asleep } as unknown as Env

/** What `work` tells bindings of a resident, and the names of all bindings that it uses. */
export async function toldBy(
  { names }: Pick<Resident, 'names'>,
  work: (env: Env) => Promise<unknown>,
  given: Env = real,
): Promise<{ told: Recorded[]; used: Set<string> }> {
  const { env, calls } = recordingEnv(given)
  await work(env)
  return {
    told: calls.filter(({ text }) => names.some((name) => text.includes(name))),
    used: new Set(calls.map(({ binding }) => binding)),
  }
}

const OBJECTS = ['LIVE_FEED', 'TENANT_BUDGET', 'TENANT_AUDIT', 'ORG_ALERTS', 'ORG_JOBS', 'ORG_MOVE']
const CONTROLS = ['CONTROL', 'KEYS']

const ownOf = (cell: Cell) => new RegExp(`^(DATA|BUCKET|QUEUE|NOTIFY|REPORTS)_${cell.toUpperCase()}(_\\d)?$`)

/**
 * Calls to any other cell or to Analytics Engine, to objects of another cell, and such that tell the control database
 * or KV what agents say.
 */
export function elsewhereOf({ tenant: { cell }, mark }: Resident, told: readonly Recorded[]): Recorded[] {
  return told.filter(({ binding, method, text }) => {
    if (OBJECTS.includes(binding)) return /getByName|idFromName/.test(method) && !text.startsWith(`${cell}:`)
    if (CONTROLS.includes(binding)) return text.includes(mark)
    return !ownOf(cell).test(binding)
  })
}

/** The bindings that were told of a resident, those of its cell without the cell's name; fails for any elsewhere. */
export function toldAtHome(resident: Resident, told: readonly Recorded[]): string[] {
  const elsewhere = elsewhereOf(resident, told)
  expect(elsewhere.map(({ binding, method, text }) => `${binding}.${method} ${text.slice(0, 200)}`)).toEqual([])
  const own = ownOf(resident.tenant.cell)
  return [...new Set(told.map(({ binding }) => own.exec(binding)?.[1] ?? binding))].sort()
}

const jobs = jobStore(({ cell, shard }) => cellFor(real, cell).shard(shard))
export const jobsOf = { next: ({ tenant }: Resident) => jobs.next(tenant), store: jobs }

/** What each kind of job is asked, and where it begins. A kind that is new has to be added to compile. */
const BEGINNINGS: Record<JobKind, (resident: Resident) => { step: string; input: Record<string, unknown> }> = {
  erasure: ({ mark }) => ({ step: 'wait', input: { subject: mark, token: 'erased_token', digest: 'x' } }),
  export: () => ({ step: 'organization', input: { ledger: {} } }),
  repricing: ({ tenant: { project_id } }) => ({
    step: REPRICING_STEPS[0],
    input: {
      ...{ from_ms: 0, to_ms: Date.now() * 2, project_id: null, provider: null, model: null, dry_run: false },
      ...{ sources: [...COST_SOURCES], projects: [project_id], changes: [] },
    },
  }),
  deletion: ({ tenant: { project_id } }) => ({
    step: DELETION_STEPS[0],
    input: { project_id, projects: [project_id], owners: [], name: 'x', deleted_ms: 1 },
  }),
}

/** A job that waits to be done; nobody is woken. */
export async function waitingJob(resident: Resident, kind: JobKind): Promise<void> {
  const { step, input } = BEGINNINGS[kind](resident)
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const deps = { store: jobs, wake: async () => {}, now: () => Date.now(), random }
  await startJob(deps, resident.tenant, kind, step, input)
}
