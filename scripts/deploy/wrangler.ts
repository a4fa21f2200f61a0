import { programOf } from '../runtime/paths.ts'
import { runNode } from '../runtime/run.ts'
import { StartError } from '../runtime/errors.ts'

/** Runs a wrangler command against the account and returns its standard output. */
export async function wrangler(args: readonly string[]): Promise<string> {
  const {
    code,
    output,
    stdout = '',
  } = await runNode(programOf('wrangler'), args, { env: { CI: '1', NO_COLOR: '1', FORCE_COLOR: '0' } })
  if (code !== 0) throw new StartError(`wrangler ${args.join(' ')} failed:\n${output.trim()}`)
  return stdout
}
