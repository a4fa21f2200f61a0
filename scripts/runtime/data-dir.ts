import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { execFileSync } from 'node:child_process'
import { StartError, reasonOf } from './errors.ts'
import { tryLock } from './lock-file.ts'
import { newSecret } from './secrets.ts'

/** Makes the data folder, and proves that it can be written to. */
export function openDataDir(dir: string): void {
  try {
    makeDir(dir)
    const probe = join(dir, `.probe-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    throw new StartError(`DATA_DIR ${dir} cannot be written to: ${reasonOf(error)}`, { cause: error })
  }
}

/** Node's own recursive mkdir never returns for some folders that the kernel refuses, such as one in /proc. */
function makeDir(dir: string): void {
  if (existsSync(dir)) return
  makeDir(dirname(dir))
  mkdirSync(dir)
}

/** Keeps a second server out of the same data folder until this process ends. */
export function lockDataDir(dir: string): () => void {
  const release = tryLock(join(dir, 'lock.sqlite'))
  if (!release) throw new StartError(`DATA_DIR ${dir} is in use by another server`)
  return release
}

/** Where the process id of a data folder's workerd is kept, so that an orphan can be found. */
export const pidFile = (dataDir: string) => join(resolve(dataDir), 'workerd.pid')

/** Ends the workerd of a server that was killed before it could do so itself. Call it under the lock only. */
export async function endOrphan(dir: string): Promise<void> {
  const file = pidFile(dir)
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').trim())
  rmSync(file, { force: true })
  if (!Number.isInteger(pid) || pid <= 1 || !/workerd/.test(commandOf(pid))) return
  process.kill(pid, 'SIGKILL')
  for (let i = 0; i < 100 && /workerd/.test(commandOf(pid)); i++) await new Promise((done) => setTimeout(done, 20))
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

/** The secrets of a local server, by name: each is made once, and readable by its owner only. */
export function localSecrets(dir: string): Record<string, string> {
  return {
    AUTH_SECRET: kept(join(dir, 'auth-secret'), () => newSecret('AUTH_SECRET')),
    AUDIT_SIGNING_KEY: kept(join(dir, 'audit-signing-key'), () => newSecret('AUDIT_SIGNING_KEY')),
  }
}

function kept(file: string, make: () => string): string {
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 })
  chmodSync(file, 0o600)
  return readFileSync(file, 'utf8').trim()
}
