import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { inRoot } from './runtime/paths.ts'

interface LockedPackage {
  version?: string
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optional?: boolean
  optionalDependencies?: Record<string, string>
}

interface Lock {
  packages: Record<string, LockedPackage>
}

const OS: [pattern: RegExp, name: string][] = [
  [/darwin|macos/, 'darwin'],
  [/win32|windows/, 'win32'],
  [/android/, 'android'],
  [/freebsd/, 'freebsd'],
  [/netbsd/, 'netbsd'],
  [/openbsd/, 'openbsd'],
  [/sunos/, 'sunos'],
  [/aix/, 'aix'],
  [/openharmony/, 'openharmony'],
  [/wasm|wasi/, 'wasi'],
]
const CPU: [pattern: RegExp, name: string][] = [
  [/arm64|aarch64/, 'arm64'],
  [/x64|amd64|-64$/, 'x64'],
  [/ia32/, 'ia32'],
  [/wasm/, 'wasm32'],
]

const firstOf = (table: [RegExp, string][], name: string, otherwise: string) =>
  table.find(([pattern]) => pattern.test(name))?.[1] ?? otherwise

/**
 * Adds to the lock the optional packages of other platforms that npm left out because the registry at hand does not
 * serve them: `npm ci` refuses a lock without them, even where it would never install them.
 */
export function completeLock(lock: Lock): { added: string[]; missing: string[] } {
  const added: string[] = []
  const missing: string[] = []
  for (const [at, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(optionalDependencies)) {
      if (isLocked(lock, at, name)) continue
      const stub = stubOf(name, range)
      if (stub) {
        lock.packages[`node_modules/${name}`] = stub
        added.push(name)
      } else {
        missing.push(name)
      }
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { added, missing }
}

/** Looks where Node would: in the package's own folder, then outwards. */
function isLocked({ packages }: Lock, at: string, name: string): boolean {
  for (let folder = at; ; folder = folderAround(folder)) {
    if (packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

const folderAround = (folder: string) => folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))

/** Nothing for the platform of servers, Linux on x64 with glibc: there a stub would hide a real gap. */
function stubOf(name: string, range: string): LockedPackage | undefined {
  const os = firstOf(OS, name, 'linux')
  const cpu = firstOf(CPU, name, 'other')
  const musl = /musl/.test(name)
  if (os === 'linux' && cpu === 'x64' && !musl) return undefined
  const version = range.replace(/^[~^>=\s]*/, '')
  return { version, cpu: [cpu], os: [os], ...(musl ? { libc: ['musl'] } : {}), optional: true }
}

if (import.meta.main) {
  const file = inRoot(process.argv[2] ?? '.', 'package-lock.json')
  if (!existsSync(file)) throw new Error(`there is no ${file}: run npm install first`)
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
  const { added, missing } = completeLock(lock)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`${added.length} packages of other platforms added to the lock`)
  if (missing.length > 0)
    console.log(`not served by the registry, though this platform may want them: ${missing.join(', ')}`)
}
