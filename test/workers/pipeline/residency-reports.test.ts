import { createMessageBatch } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import type { ReportTask } from '../../../workers/contract/report.ts'
import { dueDeps, reportsDeps } from '../../../workers/pipeline/deps-reports.ts'
import { handleReports } from '../../../workers/pipeline/queues/reports.ts'
import { wakeReports } from '../../../workers/services/report/due.ts'
import { real } from '../../support/moving.ts'
import { dueReport } from '../../support/report-world.ts'
import { residentOf, toldAtHome, toldBy } from '../../support/residents.ts'

describe.each(['eu', 'us'] as const)('of a tenant pinned to %s', (cell) => {
  it('who makes reports tells its own cell only, and draws them there or nowhere', async () => {
    const resident = await residentOf(cell)
    const { shard } = resident.tenant
    const id = await dueReport(resident)
    const begun: ReportTask[] = []
    const cron = await toldBy(resident, (env) => {
      const deps = { ...dueDeps(env, cell, shard), enqueue: async (task: ReportTask) => void begun.push(task) }
      return wakeReports(deps, Date.now())
    })
    expect(toldAtHome(resident, cron.told)).toEqual(['DATA'])
    const body = begun.find((task) => task.report_id === id)
    const { told } = await toldBy(resident, (env) =>
      handleReports(
        createMessageBatch(`agentops-reports-${cell}`, [{ id: '1', timestamp: new Date(), attempts: 1, body }]),
        reportsDeps(env, cell),
      ),
    )
    // Its owner is no member: it is paused, and the audit log says so.
    expect(toldAtHome(resident, told)).toEqual(['CONTROL', 'DATA', 'TENANT_AUDIT'])
    const { renderer } = cellFor({ ...real, RENDERER_GLOBAL: 'https://global.example' }, cell)
    expect(renderer).toBe('')
  })
})
