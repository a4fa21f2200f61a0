import { describe, expect, it } from 'vitest'
import { fileNameOf, reportMail, reportUrl } from '../../workers/domain/report/page.ts'
import { passText, readPass } from '../../workers/domain/report/pass.ts'
import {
  changedReport,
  isSeen,
  mayStop,
  PAUSED_BY_PERSON,
  type ReportRow,
  type ReportViewer,
} from '../../workers/domain/report/report.ts'

const NOW = Date.parse('2026-11-28T12:00:00Z')
const row: ReportRow = {
  id: 'rpt_1',
  name: 'Support, each week',
  ownerId: 'ann',
  shown: {
    page: 'operations',
    params: [
      ['range', '7d'],
      ['agent_id', 'support & sales'],
    ],
  },
  timing: { every: 'week', weekday: 1, hour: 9 },
  zone: 'Europe/Berlin',
  format: 'pdf',
  recipients: ['ann', 'bob'],
  origin: 'https://ops.acme.io',
  paused: null,
  nextMs: Date.parse('2026-11-30T08:00:00Z'),
  askedMs: null,
  turn: 0,
  taken: false,
  attempts: 0,
  mailing: false,
  last: null,
  createdMs: 1,
  updatedMs: 1,
  version: 1,
}
const org = { name: 'Acme', slug: 'acme', cell: 'eu' as const }

describe('who sees and stops a report', () => {
  it.each<[string, ReportViewer['role'], seen: boolean, stops: boolean]>([
    ['ann', 'auditor', true, true],
    ['bob', 'developer', true, false],
    ['eve', 'developer', false, false],
    ['eve', 'admin', true, true],
    ['eve', 'owner', true, true],
    ['eve', null, false, false],
  ])('%s as %s', (personId, role, seen, stops) => {
    expect(isSeen(row, { personId, role })).toBe(seen)
    expect(mayStop(row, { personId, role })).toBe(stops)
  })
})

describe('a change', () => {
  const changed = (change: object, from = row) => changedReport(from, { version: 1, ...change }, NOW)

  it('leaves what it does not name, and the next occurrence with it', () => {
    expect(changed({ name: 'New' })).toEqual({ ...row, name: 'New', updatedMs: NOW })
  })
  it('of the timing or the zone counts from now', () => {
    expect(changed({ timing: { every: 'day', hour: 14 } }).nextMs).toBe(Date.parse('2026-11-28T13:00:00Z'))
    expect(changed({ zone: 'UTC' }).nextMs).toBe(Date.parse('2026-11-30T09:00:00Z'))
  })
  it('pauses and resumes; a reason that stood before stays', () => {
    const paused = changed({ paused: true })
    expect(paused).toMatchObject({ paused: PAUSED_BY_PERSON, nextMs: null })
    expect(changed({ paused: true }, { ...paused, paused: 'gone' }).paused).toBe('gone')
    expect(changed({ timing: { every: 'day', hour: 1 } }, paused).nextMs).toBeNull()
    expect(changed({ paused: false }, paused)).toMatchObject({ paused: null, nextMs: row.nextMs })
  })
  it('takes a recipient once', () => {
    expect(changed({ recipients: ['bob', 'bob'] }).recipients).toEqual(['bob'])
  })
})

describe('the mail', () => {
  it('says what, of whom, when and where to stop it', () => {
    const { subject, text } = reportMail(row, { org, dashboard: null, note: null })
    expect(subject).toBe('Support, each week · Acme')
    expect(text).toContain('Operations of Acme (region EU): the last 7 days, times in Europe/Berlin.')
    expect(text).toContain('attached as PDF')
    expect(text).toContain('https://ops.acme.io/acme/operations?range=7d&agent_id=support+%26+sales')
    expect(text).toContain('https://ops.acme.io/acme/reports')
  })
  it('says why there is no picture', () => {
    const { text } = reportMail(row, { org, dashboard: null, note: 'Too large.' })
    expect(text).toContain('Too large.')
    expect(text).not.toContain('attached')
  })
  it('names dashboards, and days', () => {
    const shown: ReportRow['shown'] = { dashboardId: 'viw_1', params: [['from', '2026-11-01T00:00:00Z']] }
    const { text } = reportMail({ ...row, shown }, { org, dashboard: 'Mornings', note: null })
    expect(text).toContain('Mornings of Acme (region EU): from 2026-11-01T00:00:00Z to now')
    expect(reportUrl({ ...row, shown }, 'acme')).toBe(
      'https://ops.acme.io/acme/dashboards/viw_1?from=2026-11-01T00%3A00%3A00Z',
    )
  })
  it.each([
    ['Support, each week', 'support-each-week-2026-11-29.pdf'],
    ['Überblick/..\\x', 'u-berblick-x-2026-11-29.pdf'],
    ['日報', 'report-2026-11-29.pdf'],
  ])('names the file of “%s”', (name, file) => {
    expect(fileNameOf({ ...row, name }, Date.parse('2026-11-28T23:30:00Z'))).toBe(file)
  })
})

describe('a pass', () => {
  const pass = {
    tenant: { org_id: 'org_1', cell: 'eu' as const, shard: 0 },
    reportId: 'rpt_1',
    secret: 'ab'.repeat(32),
  }
  it('says what it is for', () => expect(readPass(passText(pass))).toEqual(pass))
  it.each([
    '',
    'eu.0.org_1.rpt_1',
    passText(pass).slice(0, -1),
    passText(pass).replace('eu', 'mars'),
    passText(pass).replace('org_1', 'prj_1'),
    `${passText(pass)}0`,
    `x${passText(pass)}`,
  ])('“%s” is none', (text) => expect(readPass(text)).toBeNull())
})
