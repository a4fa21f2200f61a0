import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { runNode } from '../../scripts/runtime/run.ts'
import { newSecret } from '../../scripts/runtime/secrets.ts'
import { isSigned, publicKeyOf, readPublicKey } from '../../scripts/runtime/signing-key.ts'
import { chainOf, exportOf, headerLine, makeSigner } from '../support/audit-chain.ts'

const dir = mkdtempSync(join(tmpdir(), 'audit-verify-'))
afterAll(() => rmSync(dir, { recursive: true }))

let files = 0
function fileOf(content: string): string {
  const file = join(dir, String(files++))
  writeFileSync(file, content)
  return file
}

const signer = makeSigner()
const lines = exportOf(chainOf(20), signer)
const intact = `${lines.join('\n')}\n`
const verify = (...args: string[]) => runNode(inRoot('scripts/audit-verify.ts'), args)

describe('npm run audit:verify', () => {
  it('accepts an export, and says that the key was only its own', async () => {
    const { code, output } = await verify(fileOf(intact))
    expect(output).toMatch(/20 entries, 10 of them/)
    expect(output).toMatch(/3 checkpoints/)
    expect(output).toMatch(/signed up to the last entry/)
    expect(output).toMatch(/NOTE: only the public key in the file itself/)
    expect([code, output]).toEqual([0, expect.stringMatching(/^OK/m)])
  })

  it.each([
    ['base64', signer.publicKey],
    ['a PEM file', fileOf(signer.publicPem)],
    ['a file of base64', fileOf(`${signer.publicKey}\n`)],
    ["the API's answer", fileOf(JSON.stringify({ algorithm: 'Ed25519', public_key: signer.publicKey }))],
  ])('takes the key from %s', async (_, key) => {
    const { code, output } = await verify(fileOf(intact), '--public-key', key)
    expect([code, output]).toEqual([0, expect.not.stringContaining('NOTE')])
  })

  it('lets the given key win over that of the file', async () => {
    const other = makeSigner()
    const forged = await verify(fileOf(intact), '--public-key', other.publicKey)
    expect([forged.code, forged.output]).toEqual([1, expect.stringMatching(/BROKEN at entry 7 .*\[signature\]/)])
    const swapped = [headerLine('org_a', other.publicKey), ...lines.slice(1), ''].join('\n')
    expect((await verify(fileOf(swapped))).code).toBe(1)
    const { code, output } = await verify(fileOf(swapped), '--public-key', signer.publicKey)
    expect([code, output]).toEqual([0, expect.stringMatching(/NOTE: the public key in the file is not the one/)])
  })

  it.each<[string, string, RegExp]>([
    ['an edit', intact.replace('"limit":12,', '"limit":13,'), /BROKEN at entry 12 \(line 14\).*\[hash\]/],
    ['a line removed', lines.toSpliced(5, 1).join('\n'), /BROKEN at entry 5 \(line 6\).*missing.*\[gap\]/],
    ['a cut', intact.slice(0, 3000), /BROKEN at entry \d .*\[malformed\]/],
    ['a byte order mark', `\ufeff${intact}`, /BROKEN at line 1/],
    ['nothing', '', /BROKEN at line 0.*empty/],
  ])('names the first broken entry after %s', async (_, text, said) => {
    const { code, output } = await verify(fileOf(text))
    expect([code, output]).toEqual([1, expect.stringMatching(said)])
    expect(output).not.toMatch(/^OK/m)
  })

  it('says how far the signatures reach', async () => {
    const some = await verify(fileOf(lines.slice(0, -1).join('\n')))
    expect([some.code, some.output]).toEqual([
      0,
      expect.stringMatching(/signed up to entry 14 .* the 6 after it are not/),
    ])
    const none = await verify(fileOf(lines.filter((line) => !line.includes('"checkpoint"')).join('\n')))
    expect([none.code, none.output]).toEqual([0, expect.stringMatching(/nothing is signed/)])
  })

  it.each([[[]], [['a', 'b']], [['no such file']], [[fileOf(intact), '--public-key', 'nonsense']]])(
    'refuses the arguments %j',
    async (args) => {
      expect((await verify(...args)).code).toBe(2)
    },
  )
})

describe('a signing key', () => {
  it('is made as the secret of that name, and its public half can be derived', () => {
    const key = newSecret('AUDIT_SIGNING_KEY')
    expect(readPublicKey(publicKeyOf(key)).asymmetricKeyType).toBe('ed25519')
    expect(newSecret('AUDIT_SIGNING_KEY')).not.toBe(key)
    expect(newSecret('AUTH_SECRET')).toMatch(/^[\w-]{64}$/)
  })

  it('has signatures of one text each', () => {
    const signature = signer.sign('text')
    expect(isSigned(signer.publicKey, 'text', signature)).toBe(true)
    expect(isSigned(signer.publicKey, 'text', ` ${signature}`)).toBe(false)
    expect(isSigned(signer.publicKey, 'other', signature)).toBe(false)
    expect(isSigned('AAAA', 'text', signature)).toBe(false)
  })
})
