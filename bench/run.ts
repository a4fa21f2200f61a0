import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { inRoot } from '../scripts/runtime/paths.ts'
import { machine, table, verdictOf, type Figure } from './report.ts'
import { alerts } from './sections/alerts.ts'
import { edgeBundle } from './sections/bundle.ts'
import { forecast } from './sections/forecast.ts'
import { freshness } from './sections/freshness.ts'
import { guard } from './sections/guard.ts'
import { otlp } from './sections/otlp.ts'
import { overviewPage } from './sections/page.ts'
import { pages } from './sections/pages.ts'
import { queries } from './sections/queries.ts'
import { throughput } from './sections/throughput.ts'
import { openBench, type Bench } from './support/bench.ts'

const SECTIONS: Record<string, (bench: Bench) => Promise<Figure[]>> = {
  throughput,
  otlp,
  freshness,
  guard,
  alerts,
  queries,
  bundle: edgeBundle,
  page: overviewPage,
  pages,
  forecast,
}
const DEFAULT_PORT = 18_787

/** Runs the sections one after another; one that fails is told and leaves its figures out. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: Object.keys(SECTIONS).join(',') },
      port: { type: 'string', default: String(DEFAULT_PORT) },
    },
  })
  const names = values.only.split(',')
  const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name))
  if (unknown !== undefined) throw new Error(`--only knows ${Object.keys(SECTIONS).join(', ')}, not ${unknown}`)
  const bench = openBench(Number(values.port), values.quick)
  const on = machine()
  const figures: Figure[] = []
  const failures: string[] = []
  try {
    for (const name of names) {
      bench.log(`${name} …`)
      try {
        figures.push(...((await SECTIONS[name]?.(bench)) ?? []))
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  } finally {
    await bench.close()
  }
  const at = new Date().toISOString()
  await mkdir(inRoot('bench/results'), { recursive: true })
  const json = JSON.stringify({ at, machine: on, quick: values.quick, figures, failures }, null, 2)
  await writeFile(inRoot('bench/results', `bench-${at.replaceAll(':', '-')}.json`), `${json}\n`)
  await writeFile(inRoot('bench/results/bench.json'), `${json}\n`)
  conclude(figures, failures, on)
}

function conclude(figures: readonly Figure[], failures: readonly string[], on: ReturnType<typeof machine>): void {
  console.log(`\n${table(figures)}\n`)
  console.log(
    `${on.cpu}, ${on.cores} cores, ${on.memory_gb} GB, Node ${on.node}, load before ${on.load_before?.toFixed(1) ?? '?'}`,
  )
  const missed = figures.filter((figure) => verdictOf(figure) === 'MISSED')
  for (const { section, name } of missed) console.log(`missed: ${section}, ${name}`)
  for (const failure of failures) console.error(`failed: ${failure}`)
  console.log('also in bench/results/bench.json')
  process.exitCode = failures.length > 0 ? 1 : 0
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
})
