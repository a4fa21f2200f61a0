import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { freePort } from '../../scripts/runtime/port.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    baseUrl: string
  }
}

interface Server {
  url: string
  users: number
  stop: () => Promise<void>
}

// Several projects share one server: vitest loads this file once for each of them.
const shared = globalThis as typeof globalThis & { agentopsServer?: Promise<Server> }

/** Starts the product as `npm start` does, in a data folder of its own, and gives its URL to the tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['AGENTOPS_URL']
  if (given) {
    project.provide('baseUrl', given)
    return async () => {}
  }
  shared.agentopsServer ??= startServer()
  const server = await shared.agentopsServer
  server.users++
  project.provide('baseUrl', server.url)
  return async () => {
    server.users--
    if (server.users === 0) await server.stop()
  }
}

/** Starts `scripts/start.ts` as a process of its own; resolves when it says that it is ready. */
export async function startServer(
  env: Record<string, string> = {},
): Promise<Server & { process: ChildProcess; dataDir: string }> {
  const dataDir = env['DATA_DIR'] ?? (await mkdtemp(join(tmpdir(), 'agentops-test-')))
  const port = await freePort('127.0.0.1', Number(env['PORT'] ?? 0))
  const child = spawn(process.execPath, [inRoot('scripts/start.ts')], {
    env: { ...process.env, APP_ENV: 'dev', LOG_LEVEL: 'warn', ...env, PORT: String(port), DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await readyUrl(child)
  return {
    url,
    users: 0,
    process: child,
    dataDir,
    async stop() {
      child.kill('SIGTERM')
      await exited
      if (env['DATA_DIR'] === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      const found = /is ready: (http\S+)/.exec(output)
      if (found?.[1]) resolve(found[1])
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', (chunk: Buffer) => {
      read(chunk)
      if (process.env['SHOW_SERVER_LOGS']) process.stderr.write(chunk)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${output}`)))
  })
}
