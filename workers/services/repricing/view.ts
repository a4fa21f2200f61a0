import type { AuditRecord } from '../../contract/audit.ts'
import type { Repricing } from '../../contract/repricing.ts'
import { usd } from '../../domain/money.ts'
import type { Job } from '../job/port.ts'
import type { ModelChange, RepricingInput } from './port.ts'

const iso = (ms: number) => new Date(ms).toISOString()

/** How far a repricing is, and what it comes to. */
export function repricingView(job: Job): Repricing {
  const input = job.input as RepricingInput
  const { changes } = input
  const numbers = (name: 'entries' | 'priced' | 'unpriced') => changes.reduce((sum, one) => sum + one[name], 0)
  const amounts = (name: 'before' | 'after') => changes.reduce((sum, one) => sum + BigInt(one[name]), 0n).toString()
  return {
    id: job.id,
    state: job.state,
    detail: job.detail,
    dry_run: input.dry_run,
    from: iso(input.from_ms),
    to: iso(input.to_ms),
    project_id: input.project_id,
    provider: input.provider,
    model: input.model,
    sources: input.sources,
    progress: job.state === 'done' ? 1 : (job.numbers['progress']?.['done'] ?? 0),
    scanned: job.numbers['ledger']?.['scanned'] ?? 0,
    entries: numbers('entries'),
    priced: numbers('priced'),
    unpriced: numbers('unpriced'),
    ...money(amounts('before'), amounts('after')),
    models: [...changes].sort(byChange).map(({ before, after, ...names }) => ({ ...names, ...money(before, after) })),
    created_at: iso(job.createdMs),
    ended_at: job.endedMs === null ? null : iso(job.endedMs),
  }
}

function money(before: string, after: string) {
  return {
    before_usd: usd(before),
    after_usd: usd(after),
    difference_usd: usd(BigInt(after) - BigInt(before)),
  }
}

function byChange(a: ModelChange, b: ModelChange): number {
  const [one, other] = [sizeOf(a), sizeOf(b)]
  if (one !== other) return one > other ? -1 : 1
  return `${a.provider}\n${a.model}\n${a.tool_name}` < `${b.provider}\n${b.model}\n${b.tool_name}` ? -1 : 1
}

function sizeOf({ before, after }: ModelChange): bigint {
  const difference = BigInt(after) - BigInt(before)
  return difference < 0n ? -difference : difference
}

/** How a repricing ended, for the audit log. */
export function repricingRecord(job: Job, nowMs: number): AuditRecord {
  const { entries, before_usd, after_usd, difference_usd } = repricingView(job)
  return {
    id: `${job.id}:done`,
    at_ms: nowMs,
    actor: { type: 'system', id: 'repricing', label: 'Repricing' },
    action: 'repricing.done',
    target: { type: 'repricing', id: job.id },
    after: { entries, before_usd, after_usd, difference_usd },
    origin: null,
    request_id: job.id,
  }
}
