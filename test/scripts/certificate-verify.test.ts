import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { runNode } from '../../scripts/runtime/run.ts'
import { canonicalJson } from '../../workers/domain/audit/canonical-json.ts'
import { makeSigner } from '../support/audit-chain.ts'

const dir = mkdtempSync(join(tmpdir(), 'certificate-verify-'))
afterAll(() => rmSync(dir, { recursive: true }))

const signer = makeSigner()
const body = {
  format: 'agentops-erasure-certificate-1',
  org_id: 'org_a',
  subject_digest: createHash('sha256').update('proof\nann').digest('hex'),
  completed_at: '2026-01-01T00:00:00.000Z',
  public_key: signer.publicKey,
}
const signature = signer.sign(canonicalJson(body))

function fileOf(certificate: unknown): string {
  const file = join(dir, `${crypto.randomUUID()}.json`)
  writeFileSync(file, JSON.stringify(certificate))
  return file
}
const verify = (certificate: unknown, ...args: string[]) =>
  runNode(inRoot('scripts/certificate-verify.ts'), [fileOf(certificate), ...args])

describe('npm run certificate:verify', () => {
  it.each([
    ['as it was signed', { ...body, signature }, [], 0, /^OK/m],
    ['about this person', { ...body, signature }, ['--proof', 'proof', '--user-id', 'ann'], 0, /about this person/],
    ['with a key that is trusted', { ...body, signature }, ['--public-key', signer.publicKey], 0, /^(?!.*NOTE)/s],
    ['about somebody else', { ...body, signature }, ['--proof', 'proof', '--user-id', 'bob'], 1, /not about this/],
    ['changed', { ...body, org_id: 'org_b', signature }, [], 1, /BROKEN: the signature/],
    ['signed by another key', { ...body, signature }, ['--public-key', makeSigner().publicKey], 1, /BROKEN/],
    ['not signed', { ...body, signature: null }, [], 1, /not signed/],
    ['something else', { a: 1 }, [], 2, /no certificate/],
    ['with half a proof', { ...body, signature }, ['--proof', 'proof'], 2, /usage/],
  ] as const)('%s', async (_, certificate, args, code, words) => {
    const result = await verify(certificate, ...args)
    expect(result.output).toMatch(words)
    expect(result.code).toBe(code)
  })
})
