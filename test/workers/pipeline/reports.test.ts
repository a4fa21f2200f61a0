import { describe, expect, it } from 'vitest'
import { readPass } from '../../../workers/domain/report/pass.ts'
import { NotDrawn } from '../../../workers/domain/report/not-drawn.ts'
import type { Renderer, SendDeps } from '../../../workers/services/report/port.ts'
import { ATTACHMENT_BYTES_MAX, sendReport } from '../../../workers/services/report/send.ts'
import { AGAIN_MS, ATTEMPTS_MAX, QUEUED_MS, TAKEN_MS } from '../../../workers/services/report/times.ts'
import { DUE_MS, member, NEXT_MS, PDF, shardOf, store, world } from '../../support/report-world.ts'

const failing = (detail: string, again = true): Renderer => ({
  render: () => Promise.reject(new NotDrawn(detail, again)),
})

describe('a report that is due', () => {
  it('is drawn once with a pass that ends, sent to each recipient, and due again a week later', async () => {
    const it = await world()
    const other = await member(it.tenant.org_id, 'auditor')
    await store.replace(it.place, { ...it.row, recipients: [it.owner, other, 'usr_gone'] })
    it.now = DUE_MS - 1
    expect(await it.begin()).toEqual([])
    it.now = DUE_MS
    await it.pass()
    expect(it.drawn).toHaveLength(1)
    expect(it.drawn[0]).toMatchObject({
      ...{ url: `https://ops.acme.io/${it.tenant.org_id}/operations?range=7d`, zone: 'Europe/Berlin', format: 'pdf' },
    })
    const pass = readPass(it.drawn[0]?.pass ?? '')
    expect(pass).toMatchObject({ tenant: it.place, reportId: it.row.id })
    expect(await store.owner(it.place, it.row.id, it.deps.sha256(pass?.secret ?? ''), it.now)).toBeNull()
    expect(it.mails.map(({ to }) => to).sort()).toEqual([`${it.owner}@example.com`, `${other}@example.com`].sort())
    expect(it.mails[0]?.attachment).toEqual({ name: 'weekly-2026-11-30.pdf', type: 'application/pdf', content: PDF })
    expect(await it.found()).toMatchObject({
      ...{ nextMs: NEXT_MS, last: { outcome: 'sent', detail: null, atMs: DUE_MS }, taken: false, attempts: 0 },
    })
    expect(it.told.map(({ action }) => action)).toEqual(['report.sent'])
    expect(JSON.stringify([it.told, it.mails.map(({ text }) => text), await it.found()])).not.toContain(pass?.secret)
    await it.pass()
    expect(it.mails).toHaveLength(2)
  })

  it('gives a pass while it is drawn, of the hash of which alone anything is stored', async () => {
    const it = await world()
    let during: string | null = null
    let stored = ''
    it.deps.renderer = {
      async render({ pass }) {
        const secret = readPass(pass)?.secret ?? ''
        during = await store.owner(it.place, it.row.id, it.deps.sha256(secret), it.now)
        stored = JSON.stringify(
          await shardOf(it.place).prepare('SELECT * FROM report WHERE id = ?1').bind(it.row.id).all(),
        )
        expect(stored).not.toContain(secret)
        expect(await store.owner(it.place, it.row.id, it.deps.sha256(secret), it.now + 5 * 60_000)).toBeNull()
        return PDF
      },
    }
    await it.pass()
    expect(during).toBe(it.owner)
    expect(stored).toContain(it.row.id)
  })

  it('is sent once, however often its task comes', async () => {
    const it = await world()
    const [task] = await it.begin()
    if (task === undefined) throw new Error('nothing was due')
    await Promise.all([sendReport(it.deps, task), sendReport(it.deps, task), sendReport(it.deps, task)])
    await sendReport(it.deps, task)
    expect(it.mails).toHaveLength(1)
  })

  it('whose task was lost is begun anew, and the late task does nothing', async () => {
    const it = await world()
    const [lost] = await it.begin()
    expect(await it.begin()).toEqual([])
    it.now += QUEUED_MS
    await it.pass()
    expect(it.mails).toHaveLength(1)
    if (lost) await sendReport(it.deps, lost)
    expect(it.mails).toHaveLength(1)
  })

  it('that was missed for weeks is sent once', async () => {
    const it = await world()
    it.now = DUE_MS + 20 * 86_400_000
    await it.pass()
    await it.pass()
    expect(it.mails).toHaveLength(1)
    expect((await it.found()).nextMs).toBe(Date.parse('2026-12-21T08:00:00Z'))
  })
})

describe('a report whose maker dies', () => {
  it('while it is drawn is made again', async () => {
    const it = await world()
    const dying = { ...it.deps, renderer: { render: () => Promise.reject(new Error('killed')) } }
    for (const task of await it.begin()) await expect(sendReport(dying, task)).rejects.toThrow('killed')
    expect(await it.begin()).toEqual([])
    it.now += TAKEN_MS
    await it.pass()
    expect(it.mails).toHaveLength(1)
    expect((await it.found()).last?.outcome).toBe('sent')
  })

  it('each time is given up, and said so', async () => {
    const it = await world()
    it.deps.renderer = { render: () => Promise.reject(new Error('killed')) }
    for (let i = 0; i <= ATTEMPTS_MAX; i++) {
      await it.pass().catch(() => {})
      it.now += TAKEN_MS
    }
    expect(await it.found()).toMatchObject({ nextMs: NEXT_MS, last: { outcome: 'failed', detail: /cut short/ } })
    expect(it.mails).toEqual([])
  })

  it('while mails go out is not sent again, and says so', async () => {
    const it = await world()
    const dying: SendDeps = { ...it.deps, audit: () => Promise.reject(new Error('killed')) }
    for (const task of await it.begin()) await expect(sendReport(dying, task)).rejects.toThrow('killed')
    expect(it.mails).toHaveLength(1)
    it.now += TAKEN_MS
    await it.pass()
    expect(it.mails).toHaveLength(1)
    expect(await it.found()).toMatchObject({ nextMs: NEXT_MS, last: { outcome: 'failed' } })
    expect((await it.found()).last?.detail).toMatch(/while the mails went out/)
  })
})

describe('a report that cannot be drawn', () => {
  it('is tried again a few times, tells why, and comes anew at the next occurrence', async () => {
    const it = await world()
    it.deps.renderer = failing('Errors: the database is away.')
    for (let i = 1; i <= ATTEMPTS_MAX; i++) {
      await it.pass()
      const { last, nextMs } = await it.found()
      expect(last).toMatchObject({ outcome: 'failed' })
      expect(last?.detail).toContain('Errors: the database is away.')
      expect(nextMs).toBe(i < ATTEMPTS_MAX ? DUE_MS : NEXT_MS)
      expect(await it.begin()).toEqual([])
      it.now += AGAIN_MS
    }
    expect(it.told.map(({ action }) => action)).toEqual(['report.failed'])
    it.now = NEXT_MS
    it.deps.renderer = { render: async () => PDF }
    await it.pass()
    expect(it.mails).toHaveLength(1)
  })

  it('is sent without a picture where nothing draws, or where it is too large', async () => {
    const it = await world()
    it.deps.renderer = null
    await it.pass()
    expect(it.mails[0]).not.toHaveProperty('attachment')
    expect(it.mails[0]?.text).toMatch(/no picture/)
    expect(it.mails[0]?.text).toContain('https://ops.acme.io/')
    it.now = NEXT_MS
    it.deps.renderer = { render: async () => new Uint8Array(ATTACHMENT_BYTES_MAX + 1) }
    await it.pass()
    expect(it.mails[1]).not.toHaveProperty('attachment')
    expect(it.mails[1]?.text).toMatch(/too large/)
    expect((await it.found()).last).toMatchObject({ outcome: 'sent', detail: 'The picture is too large for a mail.' })
  })

  it('or mailed says how many did not get it', async () => {
    const it = await world()
    const other = await member(it.tenant.org_id, 'auditor')
    await store.replace(it.place, { ...it.row, recipients: [it.owner, other] })
    it.deps.sendMail = ({ to }) => (to.startsWith(other) ? Promise.reject(new Error('bounced')) : Promise.resolve())
    await it.pass()
    expect((await it.found()).last).toMatchObject({
      ...{ outcome: 'failed', detail: '1 of 2 recipients could not be reached.' },
    })
  })
})
