import type { StoreNumbers } from '../../contract/move.ts'
import { addNano, differingTable, rowsOf } from '../../domain/digest.ts'
import { Different, type MoveCursor, type MoveDeps, type MovedTable, type MoveJob } from './port.ts'

const BUDGET_TRIES_MAX = 5
const FOLLOWS_MAX = 500

/** What is known of a store, to be added to. */
export function numbersOf(job: MoveJob, store: string): StoreNumbers {
  return (job.numbers[store] ??= { store, copied: 0, verified: null, cost_usd: null, bytes: null, deleted: 0 })
}

/** By which values a table's rows are found. */
export async function valuesOf(deps: MoveDeps, job: MoveJob, table: MovedTable): Promise<string[]> {
  return table.scope === 'org_id' ? [job.orgId] : deps.moves.projects(job.orgId)
}

/** Visits one page of one table of one project; where the step is after it, null after the last. */
export async function eachPage(
  deps: MoveDeps,
  job: MoveJob,
  tables: readonly MovedTable[],
  visit: (table: MovedTable, value: string, after: string | null) => Promise<string | null>,
): Promise<MoveCursor | null> {
  const { table: at = 0, project = 0, key = null } = job.cursor
  const table = tables[at]
  if (table === undefined) return null
  const value = (await valuesOf(deps, job, table))[project]
  if (value === undefined) return { ...job.cursor, table: at + 1, project: 0, key: null }
  const next = await visit(table, value, key)
  return next === null ? { ...job.cursor, project: project + 1, key: null } : { ...job.cursor, key: next }
}

export async function copyTables(
  deps: MoveDeps,
  job: MoveJob,
  kinds: readonly MovedTable['follows'][],
): Promise<MoveCursor | null> {
  const tables = (await deps.tables.list(job.from)).filter(({ follows }) => kinds.includes(follows))
  return eachPage(deps, job, tables, async (table, value, after) => {
    const page = await deps.tables.copyPage(job, table.name, value, after)
    numbersOf(job, table.name).copied += page.copied
    return page.next
  })
}

export async function copyObjects(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const page = await deps.objects.copyPage(job, job.cursor.object ?? null)
  numbersOf(job, 'objects').copied += page.copied
  return page.next === null ? null : { ...job.cursor, object: page.next }
}

/** Copies what commits brought since; the step is done when fewer than `enough` were left. */
export async function followLog(deps: MoveDeps, job: MoveJob, enough: number): Promise<MoveCursor | null> {
  const { seq, commits, rows } = await deps.tables.copyCommits(job, job.cursor.since ?? 0)
  for (const [table, copied] of Object.entries(rows)) numbersOf(job, table).copied += copied
  const tries = (job.cursor.tries ?? 0) + 1
  job.cursor = { since: seq, tries }
  // One that commits faster than it is followed is caught up with in the freeze.
  return commits < enough || (enough > 1 && tries >= FOLLOWS_MAX) ? null : job.cursor
}

/** A consumer that committed before the freeze may tell the old object after it was read: then it is read again. */
export async function copyBudget(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const { left, right } = await deps.actors.copyBudget(job)
  const differs = differingTable(left, right)
  const tries = (job.cursor.tries ?? 0) + 1
  if (differs !== null && tries >= BUDGET_TRIES_MAX) throw new Different(`budget: ${differs}`)
  if (differs !== null) return { ...job.cursor, tries }
  Object.assign(numbersOf(job, 'budget'), { copied: rowsOf(right), verified: rowsOf(right) })
  return null
}

export async function verifyTables(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  return eachPage(deps, job, await deps.tables.list(job.from), async (table, value, after) => {
    const [left, right] = await Promise.all([
      deps.tables.digestPage(job.from, table.name, value, after),
      deps.tables.digestPage(job.to, table.name, value, after),
    ])
    const differs = differingTable({ [table.name]: left.digest }, { [table.name]: right.digest })
    if (differs !== null) throw new Different(differs)
    if (left.next !== right.next) throw new Different(`${table.name}: the keys of its rows differ`)
    const numbers = numbersOf(job, table.name)
    const isFirst = after === null && (job.cursor.project ?? 0) === 0
    const { rows, sums } = left.digest
    numbers.verified = (isFirst ? 0 : (numbers.verified ?? 0)) + rows
    if (sums.cost_nanousd !== undefined)
      numbers.cost_usd = addNano(isFirst ? null : numbers.cost_usd, sums.cost_nanousd)
    return left.next
  })
}

export async function verifyObjects(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const [left, right] = await Promise.all([
    deps.objects.measure(job.from, job.orgId),
    deps.objects.measure(job.to, job.orgId),
  ])
  if (left.objects !== right.objects || left.bytes !== right.bytes)
    throw new Different(
      `objects: ${left.objects} of ${left.bytes} bytes here, ${right.objects} of ${right.bytes} bytes there`,
    )
  Object.assign(numbersOf(job, 'objects'), { verified: left.objects, bytes: left.bytes })
  return null
}

export async function copyAlerts(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const { left, right } = await deps.actors.copyAlerts(job)
  const differs = differingTable(left, right)
  if (differs !== null) throw new Different(`alerts: ${differs}`)
  Object.assign(numbersOf(job, 'alerts'), { copied: rowsOf(right), verified: rowsOf(right) })
  return null
}

export async function copyAudit(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const { left, right } = await deps.actors.copyAudit(job)
  const differs = differingTable(left, right)
  if (differs !== null) throw new Different(`audit log: ${differs}`)
  Object.assign(numbersOf(job, 'audit'), { copied: rowsOf(right), verified: rowsOf(right) })
  return null
}
