import { describe, expect, it } from 'vitest'
import { viewStore } from '../../../workers/adapters/d1/view-store.ts'
import { sendReport } from '../../../workers/services/report/send.ts'
import { QUEUED_MS } from '../../../workers/services/report/times.ts'
import { real } from '../../support/moving.ts'
import { NEXT_MS, PDF, shardOf, store, world, type World } from '../../support/report-world.ts'

describe('the rights of its owner now', () => {
  const leave = (it: World) =>
    real.CONTROL.prepare('DELETE FROM member WHERE org_id = ?1 AND user_id = ?2').bind(it.tenant.org_id, it.owner).run()

  it.each<[what: string, lose: (it: World) => Promise<unknown>, reason: RegExp]>([
    ['are gone with the membership', leave, /no member any more/],
    [
      'reach no project any more',
      (it) =>
        real.CONTROL.prepare('UPDATE member SET restricted = 1 WHERE org_id = ?1 AND user_id = ?2')
          .bind(it.tenant.org_id, it.owner)
          .run(),
      /no longer see any project/,
    ],
    [
      'end with the organization',
      (it) => real.CONTROL.prepare('UPDATE organization SET deleted_ms = 1 WHERE id = ?1').bind(it.tenant.org_id).run(),
      /no member any more/,
    ],
  ])('%s: it is paused, and says why', async (_, lose, reason) => {
    const it = await world()
    await lose(it)
    await it.pass()
    const found = await it.found()
    expect(found.paused).toMatch(reason)
    expect(found).toMatchObject({ nextMs: null, last: { outcome: 'failed', detail: found.paused } })
    expect([it.mails, it.drawn]).toEqual([[], []])
    expect(it.told).toEqual([expect.objectContaining({ action: 'report.failed' })])
    it.now = NEXT_MS
    expect(await it.begin()).toEqual([])
  })

  it('do not reach a dashboard that is no longer shared with them', async () => {
    const it = await world({ shown: { dashboardId: 'viw_1', params: [] } })
    const dashboard = {
      ...{ id: 'viw_1', kind: 'dashboard' as const, name: 'Mornings', ownerId: 'somebody', page: null, params: [] },
      ...{ panels: [], createdMs: 1, updatedMs: 1, version: 1 },
    }
    await viewStore(shardOf).add(it.place, { ...dashboard, shared: true }, 9)
    await it.pass()
    expect(it.mails[0]?.text).toContain('Mornings of Org')
    await viewStore(shardOf).replace(it.place, { ...dashboard, shared: false })
    it.now = NEXT_MS
    await it.pass()
    expect((await it.found()).paused).toMatch(/no longer shared/)
    expect(it.mails).toHaveLength(1)
  })

  it('send to nobody who has left', async () => {
    const it = await world({ recipients: ['usr_gone'] })
    await it.pass()
    expect((await it.found()).paused).toMatch(/None of its recipients/)
    expect(it.drawn).toEqual([])
  })
})

describe('what people say meanwhile', () => {
  it('holds: one that is paused or changed while it is made is not due as it was', async () => {
    const it = await world()
    it.deps.renderer = {
      async render() {
        await store.replace(it.place, { ...(await it.found()), nextMs: null, paused: 'Paused by a person.' })
        return PDF
      },
    }
    await it.pass()
    expect(await it.found()).toMatchObject({ paused: 'Paused by a person.', nextMs: null, last: { outcome: 'sent' } })
    it.now = NEXT_MS
    expect(await it.begin()).toEqual([])
  })

  it('stops one that waits in the queue', async () => {
    const it = await world()
    const tasks = await it.begin()
    await store.replace(it.place, { ...(await it.found()), nextMs: null, paused: 'Paused by a person.' })
    for (const task of tasks) await sendReport(it.deps, task)
    expect(it.mails).toEqual([])
    it.now += QUEUED_MS
    expect(await it.begin()).toEqual([])
  })

  it('leaves the next occurrence where it is when one more is asked for', async () => {
    const it = await world({ nextMs: NEXT_MS })
    const ask = () =>
      store.ask(it.place, it.row.id, { nowMs: it.now, wakeMs: it.now + QUEUED_MS, sinceMs: it.now - 60_000 })
    const turn = await ask()
    expect(await ask()).toBeNull()
    await sendReport(it.deps, { ...it.place, report_id: it.row.id, turn: turn ?? 0 })
    expect(it.mails).toHaveLength(1)
    expect(await it.found()).toMatchObject({ nextMs: NEXT_MS, askedMs: null, last: { outcome: 'sent' } })
    expect(await ask()).toBeNull()
    it.now += 60_000
    expect(await ask()).not.toBeNull()
  })

  it('may be that it is gone', async () => {
    const it = await world()
    it.deps.renderer = {
      async render() {
        await store.remove(it.place, it.row.id, 1)
        return PDF
      },
    }
    await it.pass()
    expect(it.mails).toEqual([])
    expect(await store.find(it.place, it.row.id)).toBeNull()
  })
})

describe('an organization that moves', () => {
  it('is left alone until it has arrived', async () => {
    const it = await world()
    const db = shardOf(it.place)
    await db
      .prepare('INSERT INTO moving (org_id, move_id, commits_held, jobs_held) VALUES (?1, ?1, 1, 1)')
      .bind(it.place.org_id)
      .run()
    expect(await it.begin()).toEqual([])
    await expect(store.replace(it.place, it.row)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.remove(it.place, it.row.id, 1)).rejects.toMatchObject({ code: 'unavailable' })
    await db.prepare('DELETE FROM moving WHERE org_id = ?1').bind(it.place.org_id).run()
    await it.pass()
    expect(it.mails).toHaveLength(1)
  })
})
