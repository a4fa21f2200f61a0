import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { canonicalJson } from '../workers/domain/audit/canonical-json.ts'
import { reasonOf } from './runtime/errors.ts'
import { isSigned, publicKeyIn } from './runtime/signing-key.ts'

const USAGE =
  'usage: npm run certificate:verify -- FILE [--public-key FILE_OR_BASE64] [--proof PROOF --user-id USER_ID]'
const BROKEN = 1
const UNUSABLE = 2

/** Verifies a certificate from its file alone: who signed it, and with the proof, whom it is about. */
function main(): number {
  const { values, positionals } = parseArgs({
    options: { 'public-key': { type: 'string' }, proof: { type: 'string' }, 'user-id': { type: 'string' } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new Error(USAGE)
  if ((values.proof === undefined) !== (values['user-id'] === undefined)) throw new Error(USAGE)
  const { signature, ...body } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  const { format, public_key: own } = body
  if (typeof format !== 'string' || !format.startsWith('agentops-') || own === undefined)
    throw new Error('this is no certificate')
  if (typeof signature !== 'string' || typeof own !== 'string') return broken('it is not signed')
  const given = values['public-key'] === undefined ? undefined : publicKeyIn(values['public-key'])
  if (!isSigned(given ?? own, canonicalJson(body), signature))
    return broken('the signature is not of this text by this key')
  if (given === undefined)
    console.log('NOTE: only the public key in the file itself was used; pass --public-key with one that you trust')
  console.log(`${format} of ${String(body['org_id'])}, completed ${String(body['completed_at'])}`)
  if (values.proof !== undefined) {
    const digest = createHash('sha256')
      .update(`${values.proof}\n${String(values['user-id'])}`)
      .digest('hex')
    if (digest !== body['subject_digest']) return broken('it is not about this person')
    console.log('it is about this person')
  }
  console.log('OK: the certificate is as it was signed')
  return 0
}

function broken(reason: string): number {
  console.error(`BROKEN: ${reason}`)
  return BROKEN
}

try {
  process.exitCode = main()
} catch (error) {
  console.error(`certificate:verify: ${reasonOf(error)}`)
  process.exitCode = UNUSABLE
}
