import type { IntakeEntry } from '../../contract/live.ts'
import type { PortableRpc, SealableRpc } from '../../contract/move.ts'
import type { SignalRows } from '../../contract/signals.ts'
import type { Home, MoveActors, MoveJob, TwoSides } from '../../services/move/port.ts'

/** Of a live feed, what a move needs. */
export interface FeedRpc {
  stale(beforeMs: number): Promise<IntakeEntry[]>
  accepted(entries: IntakeEntry[]): Promise<void>
  signalRows(): Promise<SignalRows>
  takeSignals(rows: SignalRows, home: Home): Promise<void>
  dismiss(): Promise<void>
  wipe(): Promise<void>
  count(): Promise<number>
}

/** The Durable Objects of one place, by what they are named after. */
export interface ActorsOf {
  budget: (home: Home, orgId: string) => PortableRpc
  alerts: (home: Home, orgId: string) => SealableRpc
  audit: (home: Home, orgId: string) => SealableRpc
  feed: (home: Home, projectId: string) => FeedRpc
}

/** The Durable Objects of a tenant in two cells. Rings of live feeds are not copied: they begin empty. */
export function moveActors({ budget, alerts, audit, feed }: ActorsOf): MoveActors {
  return {
    copyBudget: (job) => copy(budget(job.from, job.orgId), budget(job.to, job.orgId), job),
    async copyAlerts(job) {
      const [left, right] = [alerts(job.from, job.orgId), alerts(job.to, job.orgId)]
      await left.seal(true)
      await right.seal(true)
      return copy(left, right, job)
    },
    async openAlerts(at, orgId) {
      await alerts(at, orgId).seal(false)
    },
    async copyAudit(job) {
      const [left, right] = [audit(job.from, job.orgId), audit(job.to, job.orgId)]
      await left.seal(true)
      await right.seal(false)
      return copy(left, right, job)
    },
    async unsealAudit(job) {
      await audit(job.from, job.orgId).seal(false)
    },
    async moveFeeds(job, projects) {
      for (const id of projects) {
        const open = await feed(job.from, id).stale(Number.MAX_SAFE_INTEGER)
        if (open.length > 0) await feed(job.to, id).accepted(open)
        // Counters go on from what they last said.
        await feed(job.to, id).takeSignals(await feed(job.from, id).signalRows(), job.to)
        await feed(job.from, id).dismiss()
      }
    },
    async wipe(at, orgId, projects) {
      await budget(at, orgId).wipe()
      await alerts(at, orgId).seal(true)
      await alerts(at, orgId).wipe()
      await audit(at, orgId).seal(true)
      await audit(at, orgId).wipe()
      for (const id of projects) await feed(at, id).wipe()
    },
    async count(at, orgId, projects) {
      let rows = 0
      for (const object of [budget(at, orgId), alerts(at, orgId), audit(at, orgId)])
        for (const digest of Object.values(await object.digest())) rows += digest.rows
      for (const id of projects) rows += await feed(at, id).count()
      return rows
    },
  }
}

/** Everything of one object into another, which is emptied first. */
async function copy(left: PortableRpc, right: PortableRpc, job: MoveJob): Promise<TwoSides> {
  await right.wipe()
  const tenant = { org_id: job.orgId, ...job.to }
  let cursor: string | null = null
  for (;;) {
    const page = await left.exportRows(cursor)
    if (page === null) break
    if (page.count > 0) await right.importRows(tenant, page.table, page.rows)
    cursor = page.next
  }
  return { left: await left.digest(), right: await right.digest() }
}
