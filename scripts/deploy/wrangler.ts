import { programOf } from '../runtime/paths.ts'
import { runNode } from '../runtime/run.ts'
import { StartError } from '../runtime/errors.ts'

/** Runs a wrangler command against this account, else the one that wrangler chooses, and returns its standard output. */
export async function wrangler(args: readonly string[], accountId?: string): Promise<string> {
  const account = accountId === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: accountId }
  const {
    code,
    output,
    stdout = '',
  } = await runNode(programOf('wrangler'), args, {
    env: { CI: '1', NO_COLOR: '1', FORCE_COLOR: '0', ...account },
  })
  if (code !== 0) throw new StartError(`wrangler ${args.join(' ')} failed:\n${output.trim()}`)
  return stdout
}

/** The JSON, a list or an object, in what wrangler printed. */
export function jsonIn(text: string): unknown {
  const start = text.search(/^[[{](?=\s*["[\]{}])/m)
  if (start < 0) throw new StartError(`wrangler printed no JSON:\n${text.trim()}`)
  return JSON.parse(text.slice(start)) as unknown
}
