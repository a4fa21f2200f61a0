import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { filesUnder } from '../../scripts/runtime/bundle.ts'
import { inRoot, programOf } from '../../scripts/runtime/paths.ts'
import { freePort } from '../../scripts/runtime/port.ts'
import { runNode } from '../../scripts/runtime/run.ts'
import { percentile, type Figure } from '../report.ts'
import type { Bench } from '../support/bench.ts'
import { workerdPath } from '../support/workerd.ts'

const SECTION = 'edge bundle'
const STARTS = 11
const EMPTY = `export default { fetch: () => new Response('ok') }\n`

/** Size of the edge Worker as it is uploaded, and how much later it answers than a Worker that does nothing. */
export async function edgeBundle(bench: Bench): Promise<Figure[]> {
  const dir = await bench.dataDir()
  const out = join(dir, 'edge')
  const args = ['deploy', '--dry-run', `--config=${inRoot('wrangler.toml')}`, `--outdir=${out}`]
  const { code, output } = await runNode(programOf('wrangler'), args, { env: { CI: '1', NO_COLOR: '1' } })
  if (code !== 0) throw new Error(`wrangler could not bundle the edge\n${output}`)
  const modules = filesUnder(out).filter((file) => /\.(js|mjs|wasm)$/.test(file))
  const bytes = await Promise.all(modules.map(async (file) => gzipSync(await readFile(file), { level: 9 }).length))
  const entry = modules.find((file) => file.endsWith('.js'))
  if (entry === undefined) throw new Error('the bundle has no entry')
  const edge = await configOf(dir, 'with-edge', entry)
  const emptyFile = join(dir, 'empty.js')
  await writeFile(emptyFile, EMPTY)
  const empty = await configOf(dir, 'with-nothing', emptyFile)
  const times: { edge: number[]; empty: number[] } = { edge: [], empty: [] }
  for (let i = 0; i < STARTS; i++) {
    times.empty.push(await firstAnswerMs(empty, bench.port + 2))
    times.edge.push(await firstAnswerMs(edge, bench.port + 2))
  }
  const startUp = (percentile(times.edge, 0.5) ?? 0) - (percentile(times.empty, 0.5) ?? 0)
  const kilobytes = bytes.reduce((sum, n) => sum + n, 0) / 1000
  return [
    {
      section: SECTION,
      name: 'size, minified and gzipped',
      value: kilobytes,
      unit: 'kB',
      target: { at: 'most', value: 150 },
    },
    {
      section: SECTION,
      name: 'start-up',
      value: Math.max(0, startUp),
      unit: 'ms',
      note: `median of ${STARTS}: process start to first answer, less the same of an empty Worker (${Math.round(percentile(times.empty, 0.5) ?? 0)} ms)`,
    },
  ]
}

async function configOf(dir: string, name: string, entry: string): Promise<string> {
  const home = join(dir, name)
  await mkdir(home)
  await cp(entry, join(home, basename(entry)))
  const config = join(home, 'config.capnp')
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "${basename(entry)}", esModule = embed "${basename(entry)}")],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["nodejs_compat"],
);
`,
  )
  return config
}

async function firstAnswerMs(config: string, port: number): Promise<number> {
  const free = await freePort('127.0.0.1', port)
  const start = performance.now()
  const workerd = spawn(workerdPath(), ['serve', config, `--socket-addr=http=127.0.0.1:${free}`], { stdio: 'ignore' })
  const ended = once(workerd, 'exit')
  try {
    while (performance.now() - start < 10_000) {
      const answer = await fetch(`http://127.0.0.1:${free}/healthz`).catch(() => undefined)
      if (answer?.ok) return performance.now() - start
      await new Promise((done) => setTimeout(done, 2))
    }
    throw new Error('workerd gave no answer')
  } finally {
    workerd.kill('SIGKILL')
    await ended
  }
}
