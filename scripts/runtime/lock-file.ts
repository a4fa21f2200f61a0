import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError, reasonOf } from './errors.ts'

/**
 * Takes a lock that the operating system drops with the process, however it ends; undefined when another has it.
 * SQLite knows how to ask for one on every platform.
 */
export function tryLock(file: string): (() => void) | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return () => lock.close()
  } catch (error) {
    lock.close()
    if (/locked/.test(reasonOf(error))) return undefined
    throw new StartError(`${file} cannot be locked: ${reasonOf(error)}`, { cause: error })
  }
}

/** Waits until whoever has the lock lets go. */
export async function waitForLock(file: string, timeoutMs: number): Promise<() => void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const release = tryLock(file)
    if (release) return release
    if (Date.now() > until) throw new StartError(`another process has held ${file} for ${timeoutMs / 1000} s`)
    await sleep(100)
  }
}
