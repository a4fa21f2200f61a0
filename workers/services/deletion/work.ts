import type { Tenant } from '../../contract/tenant.ts'
import type { Cursor, Job, JobWork } from '../job/port.ts'
import { count } from '../job/run.ts'
import type { DeletionInput, PurgeDeps, PurgedPage, UnsignedDeletion } from './port.ts'

export const DELETION_STEPS = ['keys', 'tables', 'books', 'objects', 'actors', 'check', 'finish'] as const
type Step = (typeof DELETION_STEPS)[number]

const iso = (ms: number) => new Date(ms).toISOString()
const STORE = 'store:'
const REMAINS = {
  project: [
    'The ledger keeps what was spent, when, with which provider and model, without any name: it is the organization’s books.',
    'Budget counters by agent, workflow and user are of the whole organization; they are removed after 62 days.',
  ],
  organization: [],
}
const RECOVERY =
  'The point-in-time recovery of D1 and of Durable Objects holds earlier states for up to 30 days; no part of the product reads them.'

type Unit = (deps: PurgeDeps, job: Job, input: DeletionInput) => Promise<Cursor | null>

/** Removes a project, or a whole organization, for good. Every unit may be repeated. */
export function deletion(deps: PurgeDeps, tenant: Tenant): JobWork {
  const WORK: Record<Step, Unit> = {
    async keys(_, __, { project_id }) {
      await deps.forgetKeys(project_id)
      return null
    },
    tables: (_, job, input) => tables(deps, job, input),
    books: async (_, job, { project_id }) => {
      if (project_id === null) return null
      return paged(job, await deps.project.books(afterOf(job)))
    },
    objects: async (_, job, { project_id }) =>
      paged(job, await (project_id === null ? deps.org : deps.project).objects()),
    async actors(_, __, { project_id }) {
      await (project_id === null ? deps.org : deps.project).actors()
      return null
    },
    async check(_, job, { project_id }) {
      if ((await (project_id === null ? deps.org : deps.project).left()) === 0) return null
      // What is left may still be on its way: removed again, but after a pause.
      if (job.cursor['waiting'] !== true) return { waiting: true }
      job.step = 'tables'
      return null
    },
    finish: (_, job, input) => finish(deps, tenant, job, input),
  }
  return {
    steps: DELETION_STEPS,
    unit: (job) => WORK[job.step as Step](deps, job, job.input as DeletionInput),
  }
}

async function tables(deps: PurgeDeps, job: Job, { project_id }: DeletionInput): Promise<Cursor | null> {
  const data = project_id === null ? deps.org : deps.project
  const at = (job.cursor['at'] as number | undefined) ?? 0
  const name = (await data.tables())[at]
  if (name === undefined) return null
  const page = await data.table(name, afterOf(job))
  count(job, STORE + page.store, 'removed', page.removed)
  return page.next === null ? { at: at + 1 } : { at, after: page.next }
}

async function finish(deps: PurgeDeps, tenant: Tenant, job: Job, input: DeletionInput): Promise<Cursor | null> {
  const certificate = await deps.sign(certificateOf(tenant, job, input, deps.now()))
  if (input.project_id === null) {
    await deps.control.removeOrg(input, certificate)
    return null
  }
  await deps.keepCertificate(certificate)
  await deps.audit({
    id: `${job.id}:done`,
    at_ms: deps.now(),
    actor: { type: 'system', id: 'deletion', label: 'Deletion' },
    action: 'project.purged',
    target: { type: 'project', id: input.project_id },
    after: { removed: Object.fromEntries(certificate.stores.map(({ store, removed }) => [store, removed])) },
    origin: null,
    request_id: job.id,
  })
  await deps.control.removeProject(input.project_id)
  return null
}

function certificateOf({ org_id, cell }: Tenant, job: Job, input: DeletionInput, nowMs: number): UnsignedDeletion {
  const what = input.project_id === null ? 'organization' : 'project'
  return {
    format: 'agentops-deletion-certificate-1',
    org_id,
    deletion_id: job.id,
    what,
    project_id: input.project_id,
    region: cell,
    deleted_at: iso(input.deleted_ms),
    completed_at: iso(nowMs),
    stores: Object.entries(job.numbers)
      .filter(([name]) => name.startsWith(STORE))
      .map(([name, { removed = 0 }]) => ({ store: name.slice(STORE.length), removed })),
    remains: [...REMAINS[what], RECOVERY],
  }
}

const afterOf = (job: Job) => (job.cursor['after'] as string | undefined) ?? null

function paged(job: Job, { store, removed, next }: PurgedPage): Cursor | null {
  count(job, STORE + store, 'removed', removed)
  return next === null ? null : { after: next }
}
