import type * as z from 'zod'
import { ERASURE_STEPS, type Erasure, type ErasureCertificate, type ErasureCreated } from '../../contract/erasure.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { hex } from '../../domain/hex.ts'
import { startJob, type JobDeps } from '../job/run.ts'
import { erasureView } from './certificate.ts'
import type { ErasureInput } from './port.ts'

const TOKEN_BYTES = 8
const PROOF_BYTES = 16
const LISTED_MAX = 200
const MISSING = 'There is no such erasure.'

export interface StartErasureDeps extends JobDeps {
  sha256(text: string): string
  certificate(tenant: Tenant, id: string): Promise<ErasureCertificate | null>
}

/** Begins to erase a person. The answer holds the only copy of the proof whom it was about. @throws AppError conflict. */
export async function startErasure(
  deps: StartErasureDeps,
  tenant: Tenant,
  subject: string,
): Promise<z.infer<typeof ErasureCreated>> {
  const proof = hex(deps.random(PROOF_BYTES))
  const input: ErasureInput = {
    subject,
    token: `erased_${hex(deps.random(TOKEN_BYTES))}`,
    digest: deps.sha256(`${proof}\n${subject}`),
  }
  const job = await startJob(deps, tenant, 'erasure', ERASURE_STEPS[0], input)
  return { ...erasureView(job), proof }
}

/** Newest first. */
export async function listErasures(deps: StartErasureDeps, tenant: Tenant): Promise<Erasure[]> {
  return (await deps.store.list(tenant, 'erasure', LISTED_MAX)).map(erasureView)
}

/** @throws AppError not_found. */
export async function readErasure(deps: StartErasureDeps, tenant: Tenant, id: string): Promise<Erasure> {
  const job = await deps.store.find(tenant, 'erasure', id)
  if (job === null) throw new AppError('not_found', MISSING)
  return erasureView(job)
}

/** @throws AppError not_found, or conflict while it is under way. */
export async function readCertificate(deps: StartErasureDeps, tenant: Tenant, id: string): Promise<ErasureCertificate> {
  const { state } = await readErasure(deps, tenant, id)
  const certificate = state === 'done' ? await deps.certificate(tenant, id) : null
  if (certificate === null)
    throw new AppError('conflict', 'The certificate is made when the erasure is done: ask again later.')
  return certificate
}
