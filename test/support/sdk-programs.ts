import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { inRoot } from '../../scripts/runtime/paths.ts'

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  env?: Record<string, string>
  input?: string
  /** The Node to run it with; this one, unless another is named. */
  node?: string
}

const RUN_MS_MAX = 90_000

/** Runs a program with Node; never throws for its exit code. */
export function runProgram(
  args: string[],
  { env = {}, input = '', node = process.execPath }: RunOptions,
): Promise<Ran> {
  const child = spawn(node, args, { env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: RUN_MS_MAX })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

export const CLI = inRoot('sdk/dist/cli/main.js')

/** The JavaScript of the SDK's README, block by block. */
export function readmeExamples(): string[] {
  const text = readFileSync(inRoot('sdk/README.md'), 'utf8')
  return [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code ?? '')
}

/** The Node that npm itself runs on, where that is another one: the oldest that the package is for. */
export const OTHER_NODE =
  process.env['npm_node_execpath'] === process.execPath ? undefined : process.env['npm_node_execpath']
