import { existsSync } from 'node:fs'
import { brokenReferences } from './check/doc-refs.ts'
import { checkImports } from './check/imports.ts'
import { inRoot, programOf } from './runtime/paths.ts'
import { runNode, type RunResult } from './runtime/run.ts'
import { TYPED_WORKERS } from './runtime/workers.ts'
import { writeSdkTypes } from './sdk-types.ts'
import { typesOf } from './types.ts'

interface Step {
  name: string
  run: () => Promise<RunResult>
}

const node = (packageName: string, program: string, args: string[], cwd?: string) => () =>
  runNode(programOf(packageName, program), args, cwd ? { cwd } : {})

const STEPS: Step[] = [
  { name: 'types of the bindings', run: checkTypes },
  { name: 'types of the SDK', run: checkSdkTypes },
  { name: 'tsc', run: node('typescript', 'tsc', ['--noEmit', '--project', inRoot('tsconfig.json')]) },
  { name: 'svelte-check', run: checkSvelte },
  { name: 'eslint', run: node('eslint', 'eslint', ['.', '--max-warnings=0']) },
  { name: 'prettier', run: node('prettier', 'prettier', ['--check', '--log-level=warn', '.']) },
  { name: 'imports', run: () => checkImports((folder) => existsSync(inRoot(folder))) },
  { name: 'knip', run: node('knip', 'knip', ['--no-progress']) },
  { name: 'paths in the documents', run: checkDocs },
]

async function checkTypes(): Promise<RunResult> {
  const results = await Promise.all(TYPED_WORKERS.map((worker) => typesOf(worker, true)))
  const failed = results.filter((result) => !result.ok)
  return { code: failed.length, output: failed.map((result) => result.output).join('\n') }
}

async function checkSdkTypes(): Promise<RunResult> {
  const { ok, output } = await writeSdkTypes(true)
  return { code: ok ? 0 : 1, output }
}

async function checkSvelte(): Promise<RunResult> {
  const cwd = inRoot('web')
  const sync = await runNode(programOf('@sveltejs/kit', 'svelte-kit'), ['sync'], { cwd })
  if (sync.code !== 0) return sync
  return runNode(
    programOf('svelte-check'),
    ['--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'],
    { cwd },
  )
}

function checkDocs(): Promise<RunResult> {
  const broken = brokenReferences()
  return Promise.resolve({ code: broken.length, output: broken.map((line) => `no such path: ${line}`).join('\n') })
}

/** Runs every step, or those that are named on the command line, and says at the end which failed. */
async function main(names: readonly string[]): Promise<void> {
  const steps = STEPS.filter((step) => names.length === 0 || names.includes(step.name))
  const failed: string[] = []
  for (const { name, run } of steps) {
    const start = performance.now()
    const { code, output } = await run()
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
    if (code !== 0) {
      failed.push(name)
      console.log(`${output.trim()}\n`)
    }
  }
  if (failed.length > 0) console.error(`\n${failed.length} of ${steps.length} checks failed: ${failed.join(', ')}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

await main(process.argv.slice(2))
