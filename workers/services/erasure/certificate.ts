import type { AuditRecord } from '../../contract/audit.ts'
import type { Erasure, ErasureCertificate, ErasureStep } from '../../contract/erasure.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Job } from '../job/port.ts'
import type { ErasureInput } from './port.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const STORE = 'store:'

/** What no erasure reaches, in words for people. Source: developers.cloudflare.com/d1/reference/time-travel. */
const REMAINS = [
  'The point-in-time recovery of D1 and of Durable Objects holds earlier states for up to 30 days; no part of the product reads them.',
  'Amounts, tokens, times and outcomes stay as the organization’s books, under the name “erased”.',
]

/** How far an erasure is. */
export function erasureView(job: Job): Erasure {
  const { subject = null, digest = '' } = (job.input ?? {}) as Partial<ErasureInput>
  return {
    id: job.id,
    state: job.state,
    step: job.step as ErasureStep,
    user_id: job.state === 'running' ? subject : null,
    subject_digest: digest,
    detail: job.detail,
    requested_at: iso(job.createdMs),
    ended_at: job.endedMs === null ? null : iso(job.endedMs),
    stores: storesOf(job),
  }
}

/** The certificate of a finished erasure, before it is signed. */
export function certificateOf(
  { org_id, cell }: Tenant,
  job: Job,
  nowMs: number,
): Omit<ErasureCertificate, 'public_key' | 'signature'> {
  const { rounds = 0, found = 0 } = job.numbers['check'] ?? {}
  return {
    format: 'agentops-erasure-certificate-1',
    org_id,
    erasure_id: job.id,
    region: cell,
    subject_digest: (job.input as ErasureInput).digest,
    requested_at: iso(job.createdMs),
    covers_until: iso(job.numbers['covers']?.['until_ms'] ?? job.createdMs),
    completed_at: iso(nowMs),
    stores: storesOf(job),
    check: { rounds, found },
    remains: REMAINS,
  }
}

/** How an erasure ended, for the audit log, which never learns whom it was about. */
export function erasureRecord(job: Job, nowMs: number): AuditRecord {
  return {
    id: `${job.id}:done`,
    at_ms: nowMs,
    actor: { type: 'system', id: 'erasure', label: 'Erasure of a person' },
    action: 'erasure.done',
    target: { type: 'erasure', id: job.id },
    after: {
      subject_digest: (job.input as ErasureInput).digest,
      changed: storesOf(job).reduce((sum, { changed }) => sum + changed, 0),
      found_again: job.numbers['check']?.['found'] ?? 0,
    },
    origin: null,
    request_id: job.id,
  }
}

function storesOf(job: Job) {
  return Object.entries(job.numbers)
    .filter(([name]) => name.startsWith(STORE))
    .map(([name, { scanned = 0, changed = 0, removed = 0 }]) => ({
      store: name.slice(STORE.length),
      scanned,
      changed,
      removed,
    }))
}
