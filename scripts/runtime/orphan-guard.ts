import { spawn } from 'node:child_process'
import { pidFile } from './data-dir.ts'

/**
 * A tiny process that ends workerd when this process is killed without warning: its standard input closes with us.
 * Without it a killed server would leave a workerd behind that still answers on the port.
 */
export function guardAgainstOrphan(dataDir: string): { release: () => void } {
  if (process.platform === 'win32') return { release: () => {} }
  const script = 'read _; [ -f "$1" ] && kill -9 "$(cat "$1")"'
  // A session of its own: the signal that ends our group must not end the guard first.
  const guard = spawn('/bin/sh', ['-c', script, 'guard', pidFile(dataDir)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.on('error', () => {})
  guard.unref()
  return { release: () => void guard.kill('SIGKILL') }
}
