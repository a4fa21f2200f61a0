import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import {
  createTenant,
  newTraceId,
  sendEvents,
  traceOf,
  until,
  untilApplied,
  untilTrace,
  watermark,
} from '../support/harness.ts'
import { startServer } from '../support/start-server.ts'

const baseUrl = inject('baseUrl')
const folders: string[] = []
afterAll(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))))

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'agentops-start-'))
  folders.push(dir)
  return dir
}

/** Runs the start script until it ends by itself. */
function startAndFail(env: Record<string, string>): Promise<{ code: number | null; stderr: string; stdout: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [inRoot('scripts/start.ts')], { env: { ...process.env, ...env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('exit', (code) => resolve({ code, stderr, stdout }))
  })
}

async function fails(env: Record<string, string>, words: RegExp): Promise<void> {
  const { code, stderr } = await startAndFail(env)
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stderr).toMatch(words)
}

describe('a started server', () => {
  it('is alive, ready, and carries a request id on every answer', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await fetch(baseUrl + path)
      expect(answer.status, path).toBe(200)
      expect(answer.headers.get('x-request-id'), path).toBeTruthy()
    }
  })

  it('packs scripts for those who take them packed', async () => {
    const html = await (await fetch(`${baseUrl}/sign-in`)).text()
    const script = /_app\/immutable\/entry\/start\.[^"]+\.js/.exec(html)?.[0] ?? 'none named'
    const ask = (encoding: string) => fetch(`${baseUrl}/${script}`, { headers: { 'accept-encoding': encoding } })
    const [packed, plain] = [await ask('gzip'), await ask('identity')]
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await packed.text()).toBe(await plain.text())
  })

  it('takes an event and shows its trace, in every region', async () => {
    const takes = async (region: 'global' | 'eu' | 'us') => {
      const { session, projectId, key } = await createTenant(baseUrl, region)
      const traceId = newTraceId()
      const answer = await sendEvents(baseUrl, key, traceOf(traceId, 2, '0.25'))
      expect(answer).toMatchObject({ accepted: 3, rejected: [] })
      const detail = await untilTrace(session, projectId, traceId)
      expect(detail.trace.cost_usd).toBe('0.500000000')
      expect(detail.events).toHaveLength(3)
      await untilApplied(session, answer.receipt_id ?? '')
      const mark = await until(async () => {
        const now = await watermark(session, projectId)
        return now.events_behind === 0 ? now : undefined
      })
      expect(mark.lost).toBe(0)
    }
    await Promise.all([takes('global'), takes('eu'), takes('us')])
  })

  it('serves the dashboard', async () => {
    const answer = await fetch(`${baseUrl}/`, { headers: { accept: 'text/html' } })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toMatch(/<!doctype html>/i)
  })
})

describe('restart', () => {
  it('keeps state, applies what was accepted just before a kill, and shares its folder with no other server', async () => {
    const DATA_DIR = await folder()
    const first = await startServer({ DATA_DIR })
    const { session, projectId, key } = await createTenant(first.url)
    const traceId = newTraceId()
    const { receipt_id } = await sendEvents(first.url, key, traceOf(traceId, 1, '1.5'))
    first.process.kill('SIGKILL')

    const second = await startServer({ DATA_DIR })
    try {
      const again = { ...session, baseUrl: second.url }
      const detail = await untilTrace(again, projectId, traceId)
      expect(detail.trace.cost_usd).toBe('1.500000000')
      await untilApplied(again, receipt_id ?? '')
      await fails({ DATA_DIR, PORT: '18190' }, /in use by another server/)
    } finally {
      await second.stop()
    }
    expect(second.process.exitCode).toBe(0)
    // Three processes start one after the other: a machine with other work takes its time for it.
  }, 300_000)
})

describe('a start that cannot be', () => {
  it('says so in one line for a busy port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await fails({ PORT: String(port), DATA_DIR: await folder() }, new RegExp(`port ${port} is already in use`))
    server.close()
  })

  it.each([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['APP_ENV', 'production'],
    ['LOG_LEVEL', 'loud'],
    ['SHUTDOWN_TIMEOUT', '10'],
  ])('says so in one line for %s=%s', async (name, value) => {
    await fails({ DATA_DIR: await folder(), [name]: value }, new RegExp(`${name} is "${value}" but must be`))
  })

  it('says so in one line for a folder that cannot be written', async () => {
    const file = join(await folder(), 'a-file')
    await writeFile(file, '')
    await fails({ DATA_DIR: join(file, 'data') }, /cannot be written to/)
  })
})
