import { spawn } from 'node:child_process'
import { buildAll } from './runtime/build.ts'
import { installClients } from './runtime/clients.ts'
import { reasonOf } from './runtime/errors.ts'
import { COMPILED_DIR, ROOT, programOf } from './runtime/paths.ts'
import { buildSdk } from './sdk-build.ts'

/** Only the black-box tests run real clients. */
const needsClients = (args: readonly string[]) =>
  !args.some((arg) => arg.startsWith('--project')) || args.some((arg) => arg.endsWith('blackbox'))

/** Builds once, then runs every vitest project (or what the arguments choose). */
async function main(args: readonly string[]): Promise<void> {
  const log = (line: string) => console.log(line)
  buildSdk()
  await Promise.all([buildAll({ withWeb: true, log }), needsClients(args) && installClients(log)])
  const child = spawn(process.execPath, [programOf('vitest'), 'run', ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: COMPILED_DIR, ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
  child.on('exit', (code) => (process.exitCode = code ?? 1))
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(reasonOf(error))
  process.exitCode = 1
})
