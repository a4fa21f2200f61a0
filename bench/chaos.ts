import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { inRoot } from '../scripts/runtime/paths.ts'
import { runGuardChaos } from './chaos/guard.ts'
import { runMoveChaos } from './chaos/move.ts'
import { runChaos } from './chaos/run.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    lanes: { type: 'string', default: '3' },
    port: { type: 'string', default: '0' },
    only: { type: 'string', default: 'kills' },
    events: { type: 'string', default: '1000000' },
    agents: { type: 'string', default: '1000' },
    works: { type: 'string', default: '8' },
  },
})

if (values.only === 'move') await moveUnderKills()
else if (values.only === 'guard') await guardUnderKills()
else await killsUnderLoad()

async function killsUnderLoad(): Promise<void> {
  const report = await runChaos({
    kills: Number(values.kills ?? 20),
    seed: Number(values.seed),
    lanes: Number(values.lanes),
    port: Number(values.port),
    lifeMs: [300, 3500],
    cells: ['global', 'eu'],
    log: (line) => console.log(line),
  })
  await mkdir(inRoot('bench/results'), { recursive: true })
  await writeFile(inRoot('bench/results/chaos.json'), `${JSON.stringify(report, null, 2)}\n`)
  console.log(`\nseed ${report.seed}, ${report.kills} kills, ${report.seconds} s`)
  console.table(report.tenants)
  if (report.differences.length > 0) {
    console.error(`${report.differences.length} differences:\n${report.differences.join('\n')}`)
    process.exit(1)
  }
  console.log('0 lost, 0 counted twice: ledger = rollups = TenantBudget = traces = what was sent, to the nano-dollar')
}

async function moveUnderKills(): Promise<void> {
  const report = await runMoveChaos({
    events: Number(values.events),
    port: Number(values.port),
    log: (line) => console.log(line),
  })
  await mkdir(inRoot('bench/results'), { recursive: true })
  await writeFile(inRoot('bench/results/move.json'), `${JSON.stringify(report, null, 2)}\n`)
  console.table(report.stores)
  console.table(report.steps)
  console.log(
    `${report.events} events, ${report.kills} kills, ${report.seconds} s; batches waited ${report.held_seconds} s`,
  )
  if (report.differences.length > 0) {
    console.error(`${report.differences.length} differences:\n${report.differences.join('\n')}`)
    process.exit(1)
  }
  console.log('equal counts and sums on both sides, and nothing left behind')
}

async function guardUnderKills(): Promise<void> {
  const { differences, ...report } = await runGuardChaos({
    agents: Number(values.agents),
    works: Number(values.works),
    kills: Number(values.kills ?? 3),
    seed: Number(values.seed),
    seconds: 90,
    port: Number(values.port),
    log: (line) => console.log(line),
  })
  await mkdir(inRoot('bench/results'), { recursive: true })
  await writeFile(inRoot('bench/results/guard.json'), `${JSON.stringify({ ...report, differences }, null, 2)}\n`)
  console.table(report)
  if (differences.length > 0) {
    console.error(`${differences.length} differences:\n${differences.join('\n')}`)
    process.exit(1)
  }
  console.log('never over the limit, and budget = ledger = what agents told, to the nano-dollar')
}
