import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTenant, type Session } from '../../test/support/harness.ts'
import { makeTemplates } from '../load/bodies.ts'
import { startServer, type Server, type ServerOptions } from './server-process.ts'

export interface BenchTenant {
  session: Session
  orgId: string
  orgSlug: string
  projectId: string
  key: string
}

/** What the sections of a run share: ports, data folders that go away, tenants. */
export interface Bench {
  port: number
  quick: boolean
  /** Size of a 100-event body. */
  bodyBytes: number
  serve(options: Pick<ServerOptions, 'vars' | 'withWeb' | 'front' | 'consume'> & { dataDir?: string }): Promise<Server>
  tenant(server: Server): Promise<BenchTenant>
  dataDir(): Promise<string>
  log(line: string): void
  close(): Promise<void>
}

export function openBench(port: number, quick: boolean): Bench {
  const dirs: string[] = []
  const dataDir = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'agentops-bench-'))
    dirs.push(dir)
    return dir
  }
  return {
    port,
    quick,
    bodyBytes: makeTemplates(1, 100, Date.now())[0]?.bytes.length ?? 0,
    dataDir,
    serve: async (options) => startServer({ ...options, port, dataDir: options.dataDir ?? (await dataDir()) }),
    async tenant({ url }) {
      const { session, org, projectId, key } = await createTenant(url)
      return { session, orgId: org.id, orgSlug: org.slug, projectId, key }
    },
    log: (line) => console.log(line),
    async close() {
      await Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true })))
    },
  }
}
