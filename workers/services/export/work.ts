import { EXPORT_STEPS, type ExportManifest, type ExportStep } from '../../contract/export.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { usd } from '../../domain/money.ts'
import type { Cursor, Job, JobWork } from '../job/port.ts'

const iso = (ms: number) => new Date(ms).toISOString()

/** Some rows of a table, as lines of JSON, and where the next begin. */
export interface ExportPage {
  rows: Record<string, unknown>[]
  next: string | null
}

/** One file that was written. */
export interface WrittenFile {
  name: string
  rows: number
  bytes: number
  sha256: string
}

export interface ExportDeps {
  /** What the control database and the budgets have of it, by file. */
  organization(): Promise<Record<string, unknown>>
  tables(): Promise<{ name: string; values: string[] }[]>
  page(table: string, value: string, after: string | null): Promise<ExportPage>
  deadLetters(after: string | null): Promise<ExportPage>
  /** Writes a file of this export; the same again replaces it. */
  write(job: Job, name: string, lines: readonly unknown[], isDocument: boolean): Promise<WrittenFile>
  /** Every file that was written. */
  written(job: Job): Promise<WrittenFile[]>
  now(): number
}

type Unit = (deps: ExportDeps, tenant: Tenant, job: Job) => Promise<Cursor | null>

/** What files of some tables are called; the others have their own name. */
const FOLDERS: Record<string, string> = { batch: 'events', trace: 'traces', rollup: 'metrics' }
const NOTES = [
  'Amounts are US dollars with nine decimals. Times of events are RFC 3339 UTC; columns that end in _ms are epoch milliseconds.',
  'Agents went on writing while this was taken: what was accepted between started_at and completed_at may be in it or not.',
  'archive/ holds Parquet files of all events; audit.ndjson is checked by `npm run audit:verify`.',
]

const WORK: Record<ExportStep, Unit> = { organization, tables, dead_letters: deadLetters, manifest }

/** Exports everything that an organization has, in files of its own cell. Every unit may be repeated. */
export function exporting(deps: ExportDeps, tenant: Tenant): JobWork {
  return { steps: EXPORT_STEPS, unit: (job) => WORK[job.step as ExportStep](deps, tenant, job) }
}

async function organization(deps: ExportDeps, _: Tenant, job: Job): Promise<Cursor | null> {
  for (const [name, content] of Object.entries(await deps.organization()))
    note(job, await deps.write(job, name, [content], true))
  return null
}

async function tables(deps: ExportDeps, _: Tenant, job: Job): Promise<Cursor | null> {
  const all = (await deps.tables()).flatMap(({ name, values }) => values.map((value) => ({ name, value })))
  const at = (job.cursor['at'] as number | undefined) ?? 0
  const place = all[at]
  if (place === undefined) return null
  const part = (job.cursor['part'] as number | undefined) ?? 0
  const { rows, next } = await deps.page(place.name, place.value, (job.cursor['after'] as string | undefined) ?? null)
  if (rows.length > 0) {
    const name = `${FOLDERS[place.name] ?? place.name}/${place.value}/${String(part).padStart(6, '0')}.ndjson.gz`
    note(job, await deps.write(job, name, rows, false))
    if (place.name === 'ledger') addLedger(job, rows)
  }
  return next === null ? { at: at + 1 } : { at, part: part + 1, after: next }
}

async function deadLetters(deps: ExportDeps, _: Tenant, job: Job): Promise<Cursor | null> {
  const part = (job.cursor['part'] as number | undefined) ?? 0
  const { rows, next } = await deps.deadLetters((job.cursor['after'] as string | undefined) ?? null)
  if (rows.length > 0)
    note(job, await deps.write(job, `dead-letters/${String(part).padStart(6, '0')}.ndjson.gz`, rows, false))
  return next === null ? null : { part: part + 1, after: next }
}

async function manifest(deps: ExportDeps, { org_id, cell }: Tenant, job: Job): Promise<Cursor | null> {
  const whole: ExportManifest = {
    format: 'agentops-export-1',
    org_id,
    region: cell,
    started_at: iso(job.createdMs),
    completed_at: iso(deps.now()),
    files: (await deps.written(job)).filter(({ name }) => name !== 'manifest.json'),
    ledger: Object.entries((job.input?.['ledger'] ?? {}) as Ledger).map(([project_id, [entries, nano]]) => ({
      project_id,
      entries,
      cost_usd: usd(nano),
    })),
    notes: NOTES,
  }
  note(job, await deps.write(job, 'manifest.json', [whole], true))
  return null
}

type Ledger = Record<string, [entries: number, nano: string]>

/** Sums are text: they may pass 2^53. An adjustment is no entry of its own. */
function addLedger(job: Job, rows: readonly Record<string, unknown>[]): void {
  const ledger = (job.input?.['ledger'] ?? {}) as Ledger
  for (const { project_id, cost_nanousd, adjusts } of rows) {
    const [entries, nano] = ledger[String(project_id)] ?? [0, '0']
    ledger[String(project_id)] = [
      entries + (adjusts === '' ? 1 : 0),
      (BigInt(nano) + BigInt(String(cost_nanousd))).toString(),
    ]
  }
  job.input = { ...job.input, ledger }
}

function note(job: Job, { rows, bytes }: WrittenFile): void {
  const { files = 0, rows: before = 0, bytes: size = 0 } = job.numbers['files'] ?? {}
  job.numbers['files'] = { files: files + 1, rows: before + rows, bytes: size + bytes }
}
