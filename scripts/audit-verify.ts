import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { linesOf } from '../workers/domain/audit/lines.ts'
import { verifyExport, type Counts, type Verdict } from '../workers/domain/audit/verify.ts'
import { reasonOf } from './runtime/errors.ts'
import { isSigned, publicKeyIn } from './runtime/signing-key.ts'

const USAGE = 'usage: npm run audit:verify -- FILE [--public-key FILE_OR_BASE64]'
const BROKEN = 1
const UNUSABLE = 2

/** Verifies an export of an audit log from its file alone: no network, no database, one line in memory at a time. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { 'public-key': { type: 'string' } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new Error(USAGE)
  const publicKey = values['public-key'] === undefined ? undefined : publicKeyIn(values['public-key'])
  const verdict = await verifyExport(linesOf(textOf(file)), { sha256, isSigned, publicKey })
  return report(verdict, publicKey)
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function* textOf(file: string): AsyncGenerator<string> {
  // A mark at the file's start is no part of an export; it is not skipped silently.
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
  for await (const bytes of createReadStream(file)) yield decoder.decode(bytes as Uint8Array, { stream: true })
  yield decoder.decode()
}

function report(verdict: Verdict, publicKey: string | undefined): number {
  const { counts } = verdict
  if (counts.org_id !== null) console.log(`audit log of ${counts.org_id}`)
  console.log(`${counts.entries} entries, ${counts.opened} of them with a person's data that fit what was sealed`)
  console.log(`${counts.checkpoints} checkpoints`)
  if (!verdict.ok) {
    const where = verdict.seq === null ? `line ${verdict.line}` : `entry ${verdict.seq} (line ${verdict.line})`
    console.error(`BROKEN at ${where}: ${verdict.detail} [${verdict.reason}]`)
    console.error(`What stands before it is intact.`)
    return BROKEN
  }
  for (const line of [...coverOf(counts), ...trustIn(counts, publicKey)]) console.log(line)
  console.log('OK: the chain is whole')
  return 0
}

/** How far the signatures reach: what follows the last of them could have been cut off or made anew. */
function coverOf({ head, signed }: Counts): string[] {
  if (head === null) return []
  const last = `the last entry is ${head.seq}, of ${head.at}`
  if (signed === null) return [last, 'NOTE: nothing is signed: whoever can write the file could have made all of it']
  if (signed.seq < head.seq)
    return [
      last,
      `NOTE: signed up to entry ${signed.seq} (${signed.at}); the ${head.seq - signed.seq} after it are not`,
    ]
  return [last, `signed up to the last entry, at ${signed.at}`]
}

function trustIn({ header_key, signed }: Counts, publicKey: string | undefined): string[] {
  if (publicKey === undefined)
    return signed === null
      ? []
      : ['NOTE: only the public key in the file itself was used; pass --public-key with one that you trust']
  if (signed === null || header_key === publicKey) return []
  return ['NOTE: the public key in the file is not the one that was given; the given one was used']
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    console.error(`audit:verify: ${reasonOf(error)}`)
    process.exitCode = UNUSABLE
  },
)
