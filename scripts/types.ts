import { relative } from 'node:path'
import { ROOT, programOf } from './runtime/paths.ts'
import { runNode } from './runtime/run.ts'
import { TYPED_WORKERS, type TypedWorker } from './runtime/workers.ts'
import { SDK_TYPES, writeSdkTypes } from './sdk-types.ts'

/** Writes (or with `--check` compares) the types of each Worker's bindings from its wrangler config. */
export async function typesOf(worker: TypedWorker, check: boolean): Promise<{ ok: boolean; output: string }> {
  const args = [
    'types',
    relative(ROOT, worker.types),
    `--config=${relative(ROOT, worker.config)}`,
    `--env-interface=${worker.envInterface}`,
    '--include-runtime=false',
    '--strict-vars=false',
  ]
  const { code, output } = await runNode(programOf('wrangler'), check ? [...args, '--check'] : args, {
    env: { CI: '1' },
  })
  return { ok: code === 0, output }
}

if (import.meta.main) {
  const check = process.argv.includes('--check')
  const written = [
    ...TYPED_WORKERS.map((worker) => ({ file: worker.types, write: () => typesOf(worker, check) })),
    { file: SDK_TYPES, write: () => writeSdkTypes(check) },
  ]
  for (const { file, write } of written) {
    const { ok, output } = await write()
    if (ok) {
      console.log(`${relative(ROOT, file)} ${check ? 'is up to date' : 'written'}`)
    } else {
      console.error(output.trim())
      process.exitCode = 1
    }
  }
}
