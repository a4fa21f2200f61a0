import type { CostSource } from '../../contract/event.ts'
import type { AuditRecord } from '../../contract/audit.ts'
import type { PriceBook } from '../../domain/price-book.ts'
import type { Adjustment, StandingEntry } from '../../domain/repricing.ts'
import type { StoredDelta } from '../ingest/apply.ts'
import type { Cursor, Job } from '../job/port.ts'

/** What one model's, or one tool's, entries come to. Nano-dollars as text: they may pass 2^53. */
export interface ModelChange {
  provider: string
  model: string
  tool_name: string
  entries: number
  priced: number
  unpriced: number
  before: string
  after: string
  price_version: string
}

/** What was asked, and what was found so far. */
export interface RepricingInput extends Record<string, unknown> {
  from_ms: number
  to_ms: number
  /** Of one project only. */
  project_id: string | null
  provider: string | null
  model: string | null
  sources: CostSource[]
  dry_run: boolean
  /** Whose ledgers are looked through, in this order. */
  projects: string[]
  changes: ModelChange[]
}

/** Keys of ledger rows among which those of a stretch of time are, to be walked upwards. */
export interface KeyRange {
  first: string
  end: string
}

export interface LedgerPage {
  /** Those that are asked for, in the order of their keys. */
  entries: StandingEntry[]
  /** After which key to go on; null at the end of the range. */
  next: string | null
}

export interface RepricingDeps {
  openPrices(): Promise<PriceBook>
  page(input: RepricingInput, projectId: string, range: KeyRange, after: string): Promise<LedgerPage>
  /**
   * Books adjustments of one project, changes the sums of their traces, and keeps `job` at `cursor`, in one transaction.
   * Null, and nothing has changed, when somebody else has written the job meanwhile.
   */
  commit(job: Job, cursor: Cursor, projectId: string, adjustments: readonly Adjustment[]): Promise<StoredDelta | null>
  /** Tells metrics and TenantBudget; what is not told is, by the pipeline's catch-up. */
  follow(delta: StoredDelta): Promise<void>
  audit(record: AuditRecord): Promise<void>
  now(): number
}
