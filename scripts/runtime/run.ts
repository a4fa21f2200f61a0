import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { BUILD_DIR, COMPILED_DIR, ROOT } from './paths.ts'

export interface RunResult {
  code: number
  /** Standard output and standard error as they came. */
  output: string
  stdout?: string
}

export interface RunOptions {
  cwd?: string
  env?: Record<string, string | undefined>
  /** Standard input of the program. */
  input?: string
  /** Called with each piece of output. */
  onOutput?: (text: string) => void
}

/** Wrangler asks nobody, calls no one, keeps its logs inside the project, and is compiled once, not at each start. */
const QUIET_WRANGLER = {
  NODE_COMPILE_CACHE: COMPILED_DIR,
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG_PATH: join(BUILD_DIR, 'wrangler-logs'),
}

/** Runs a program, keeps what it printed, and never throws for its exit code. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...QUIET_WRANGLER, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    let output = ''
    let stdout = ''
    const keep = (chunk: Buffer) => {
      const text = chunk.toString()
      output += text
      options.onOutput?.(text)
    }
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      keep(chunk)
    })
    child.stderr?.on('data', keep)
    child.stdin?.end(options.input)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output, stdout }))
  })
}

/** Runs a JavaScript program with this very Node, whatever `node` means on the PATH. */
export function runNode(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult> {
  return run(process.execPath, [program, ...args], options)
}
