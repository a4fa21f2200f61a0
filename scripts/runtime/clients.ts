import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { inRoot } from './paths.ts'

const HOME = inRoot('test/clients')
const LOCK = inRoot('test/clients/package-lock.json')
const INSTALLED = inRoot('test/clients/node_modules/.installed-lock')

/**
 * Installs the real telemetry clients that the tests run, once for each state of their lock. They are no part of the
 * product's own install: who only starts the product need not wait for them.
 * @throws Error when npm fails; it has said why by then.
 */
export async function installClients(log: (line: string) => void): Promise<void> {
  const lock = readFileSync(LOCK, 'utf8')
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === lock) return
  log('installing the clients that the tests run (test/clients) …')
  const code = await npm(['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'])
  if (code !== 0) throw new Error('npm ci in test/clients failed: it needs the npm registry, once')
  writeFileSync(INSTALLED, lock)
}

/** The npm that runs this, else the one on the path. */
function npm(args: string[]): Promise<number | null> {
  const own = process.env['npm_execpath']
  const [program, before] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []]
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], { cwd: HOME, stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', resolve)
  })
}
