import type { PersonalCipher } from '../services/audit/port.ts'

const IV_BYTES = 12

/** AES-256-GCM as base64 of iv and ciphertext; the pseudonym is authenticated with it. */
export const personalCipher: PersonalCipher = {
  async seal({ key, person }, text) {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
    const sealed = await crypto.subtle.encrypt(
      parameters(iv, person),
      await aesKey(key, 'encrypt'),
      new TextEncoder().encode(text),
    )
    return base64Of(new Uint8Array([...iv, ...new Uint8Array(sealed)]))
  },
  async open({ key, person }, box) {
    const bytes = bytesOf(box)
    try {
      const plain = await crypto.subtle.decrypt(
        parameters(bytes.subarray(0, IV_BYTES), person),
        await aesKey(key, 'decrypt'),
        bytes.subarray(IV_BYTES),
      )
      return new TextDecoder().decode(plain)
    } catch {
      // Not sealed with this key: for the reader the same as a key that is gone.
      return null
    }
  },
}

const parameters = (iv: Uint8Array, person: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(person),
})

const aesKey = (key: Uint8Array, use: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey('raw', key, { name: 'AES-GCM' }, false, [use])

export interface Signer {
  /** SPKI, base64. */
  publicKey: string
  /** Ed25519, base64. */
  sign(text: string): Promise<string>
}

/** Ed25519 from a PKCS8 key in base64. Null without one. @throws when it is no such key. */
export async function signerOf(pkcs8: string | undefined): Promise<Signer | null> {
  if (!pkcs8) return null
  const algorithm = { name: 'Ed25519' }
  const key = await crypto.subtle.importKey('pkcs8', bytesOf(pkcs8), algorithm, true, ['sign'])
  const { x } = (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey
  if (x === undefined) throw new Error('the signing key has no public part')
  return {
    publicKey: base64Of(new Uint8Array([...SPKI_PREFIX, ...bytesOf(x)])),
    async sign(text) {
      const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(text))
      return base64Of(new Uint8Array(signature))
    },
  }
}

/** What DER puts before the 32 bytes of an Ed25519 public key (RFC 8410). */
const SPKI_PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

/** Of base64 and base64url alike. */
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Buffer.from(text, 'base64')
const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
