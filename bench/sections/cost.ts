import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { priceLines, type Usage } from '../price.ts'
import type { Figure } from '../report.ts'
import type { Server } from '../support/server-process.ts'

const SECTION = 'cost'
/** LiveFeed and TenantBudget of the one project stay in memory while events come. */
const ACTIVE_OBJECTS = 2
const D1_USD_PER_GB_MONTH = 0.75
const CLOCK_TICK_MS = 10

interface Counts {
  edge: Record<string, number>
  pipeline: Record<string, number>
}

export interface Cost {
  usage: Usage
  d1Bytes: number
}

/** Starts to meter; `end` runs what the crons would still do with these events, and returns what they used. */
export async function meter(server: Server, dataDir: string): Promise<{ end(events: number): Promise<Cost> }> {
  const before = await server.ask<Counts>({ do: 'counts' })
  const cpuBefore = cpuMsOf(dataDir)
  const bytesBefore = d1Bytes(dataDir)
  const startMs = Date.now()
  return {
    async end(events) {
      const activeSeconds = ((Date.now() - startMs) / 1000) * ACTIVE_OBJECTS
      await server.ask({ do: 'cron', cron: '* * * * *' })
      await server.ask({ do: 'cron', cron: '7 * * * *' })
      const after = await server.ask<Counts>({ do: 'counts' })
      const used = (name: string) =>
        (after.edge[name] ?? 0) + (after.pipeline[name] ?? 0) - (before.edge[name] ?? 0) - (before.pipeline[name] ?? 0)
      const usage: Usage = {
        events,
        requests: used('requests') + used('queue_invocations'),
        cpuMs: cpuMsOf(dataDir) - cpuBefore,
        queueOps: used('queue_ops'),
        d1RowsWritten: used('d1_rows_written'),
        d1RowsRead: used('d1_rows_read'),
        r2ClassA: used('r2_class_a'),
        r2ClassB: used('r2_class_b'),
        kvReads: used('kv_reads'),
        doCalls: used('do_calls'),
        doRowsWritten: used('do_rows_written'),
        doActiveSeconds: activeSeconds,
        aePoints: used('ae_points'),
      }
      return { usage, d1Bytes: d1Bytes(dataDir) - bytesBefore }
    },
  }
}

/** One figure an item, then the sum that is promised. */
export function costFigures({ usage, d1Bytes: bytes }: Cost): Figure[] {
  const lines = priceLines(usage)
  const figures: Figure[] = lines.map(({ item, perEvent, usdPerMillionEvents }) => ({
    section: SECTION,
    name: `${item} per event`,
    value: perEvent,
    unit: '',
    ...(item === 'd1RowsWritten' && { target: { at: 'most', value: 0.45 } }),
    note: `$${usdPerMillionEvents.toFixed(4)} per million events`,
  }))
  return [
    ...figures,
    {
      section: SECTION,
      name: 'list price of a million events',
      value: lines.reduce((sum, line) => sum + line.usdPerMillionEvents, 0),
      unit: '$',
      target: { at: 'most', value: 0.5 },
      note: '75 events a request at 1,000 events/s; CPU is all of workerd with its stores, so an upper bound; allotments ignored',
    },
    {
      section: SECTION,
      name: 'D1 storage of a million events for a month',
      value: ((bytes / usage.events) * 1e6 * D1_USD_PER_GB_MONTH) / 1e9,
      unit: '$',
      note: `${Math.round(bytes / usage.events)} bytes an event, on top of the above until retention takes them`,
    },
  ]
}

/** CPU time of workerd so far; 0 where /proc does not tell. */
function cpuMsOf(dataDir: string): number {
  const pid = readFileSync(join(dataDir, 'workerd.pid'), 'utf8').trim()
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return 0
  const fields = readFileSync(stat, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS
}

function d1Bytes(dataDir: string): number {
  const dir = join(dataDir, 'd1')
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
