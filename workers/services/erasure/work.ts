import { ERASURE_STEPS, type ErasureStep } from '../../contract/erasure.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { eraserOf, type Eraser } from '../../domain/erase.ts'
import type { Cursor, Job, JobWork } from '../job/port.ts'
import { count } from '../job/run.ts'
import { certificateOf, erasureRecord } from './certificate.ts'
import type { ErasedPage, ErasureDeps, ErasureInput } from './port.ts'

/** Batches that were accepted before the request are waited for this long. */
export const WAIT_MS_MAX = 15 * 60_000
/** A job that read before the erasure and writes after it is done by then: nothing of ours runs longer. */
export const SETTLE_MS = 30_000
/** Agents may go on naming the person; then the certificate says so. */
const ROUNDS_MAX = 3

type Unit = (deps: ErasureDeps, job: Job, eraser: Eraser) => Promise<Cursor | null>

const WORK: Record<ErasureStep, (tenant: Tenant) => Unit> = {
  wait: () => wait,
  tables: () => tables,
  objects: () => objects,
  actors: () => actors,
  settle: () => settle,
  check_tables: () => tables,
  check_objects: () => objects,
  check_actors: () => checkActors,
  certify: (tenant) => (deps, job) => certify(deps, tenant, job),
}

/** Erases a person from one organization: everything is searched, and then searched again until nothing is found. */
export function erasure(deps: ErasureDeps, tenant: Tenant): JobWork {
  return {
    steps: ERASURE_STEPS,
    unit(job) {
      const { subject, token } = job.input as ErasureInput
      return WORK[job.step as ErasureStep](tenant)(deps, job, eraserOf(subject, token))
    },
  }
}

async function wait(deps: ErasureDeps, job: Job): Promise<Cursor | null> {
  const isOver = deps.now() - job.createdMs > WAIT_MS_MAX
  return isOver || (await deps.stores.pending(job.createdMs)) === 0 ? null : { waiting: true }
}

async function tables(deps: ErasureDeps, job: Job, eraser: Eraser): Promise<Cursor | null> {
  begin(deps, job)
  const all = (await deps.stores.tables()).flatMap(({ name, values }) => values.map((value) => ({ name, value })))
  const at = (job.cursor['at'] as number | undefined) ?? 0
  const place = all[at]
  if (place === undefined) return null
  const after = (job.cursor['after'] as string | null | undefined) ?? null
  const page = await deps.stores.table(place.name, place.value, after, eraser)
  add(job, page)
  return page.next === null ? { at: at + 1 } : { at, after: page.next }
}

async function objects(deps: ErasureDeps, job: Job, eraser: Eraser): Promise<Cursor | null> {
  const page = await deps.stores.objects((job.cursor['after'] as string | null | undefined) ?? null, eraser)
  add(job, page)
  return page.next === null ? null : { after: page.next }
}

async function actors(deps: ErasureDeps, job: Job): Promise<Cursor | null> {
  const { subject, token } = job.input as ErasureInput
  for (const page of await deps.stores.actors(subject, token)) add(job, page)
  return null
}

async function settle(deps: ErasureDeps, job: Job): Promise<Cursor | null> {
  const until = (job.cursor['until'] as number | undefined) ?? deps.now() + SETTLE_MS
  return deps.now() < until ? { until, waiting: true } : null
}

/** Once more from the start while something was found, but not for ever. */
async function checkActors(deps: ErasureDeps, job: Job): Promise<Cursor | null> {
  await actors(deps, job)
  count(job, 'check', 'rounds', 1)
  const check = job.numbers['check'] ?? {}
  if ((check['found'] ?? 0) > 0 && (check['rounds'] ?? 0) < ROUNDS_MAX) job.step = 'settle'
  return null
}

async function certify(deps: ErasureDeps, tenant: Tenant, job: Job): Promise<Cursor | null> {
  await deps.keepCertificate(certificateOf(tenant, job, deps.now()))
  await deps.audit(erasureRecord(job, deps.now()))
  job.input = { digest: (job.input as ErasureInput).digest }
  return null
}

/** Notes when a search began: what is accepted later may name the person again. */
function begin(deps: ErasureDeps, job: Job): void {
  if (job.cursor['at'] !== undefined) return
  job.numbers['covers'] = { until_ms: deps.now() }
  if (job.step === 'check_tables') job.numbers['check'] = { ...job.numbers['check'], found: 0 }
}

function add(job: Job, { store, scanned, changed, removed }: ErasedPage): void {
  // The end of the bucket is no store.
  if (store === '') return
  const isCheck = job.step.startsWith('check_')
  if (isCheck) count(job, 'check', 'found', changed + removed)
  else count(job, `store:${store}`, 'scanned', scanned)
  count(job, `store:${store}`, 'changed', changed)
  count(job, `store:${store}`, 'removed', removed)
}
