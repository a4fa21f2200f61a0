import { createPrivateKey, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

/** A new Ed25519 key, PKCS8 in base64: what AUDIT_SIGNING_KEY holds. */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
}

/** The public half of a signing key, SPKI in base64. */
export function publicKeyOf(signingKey: string): string {
  const key = createPrivateKey({ key: bytesOf(signingKey), format: 'der', type: 'pkcs8' })
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')
}

const RAW_BYTES = 32
/** What DER puts before the 32 bytes of an Ed25519 public key (RFC 8410). */
const SPKI_PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')

/** A public key as PEM, or as base64 of SPKI or of its bare 32 bytes. @throws when it is none. */
export function readPublicKey(text: string): KeyObject {
  const key = text.includes('-----BEGIN') ? createPublicKey(text) : ofBytes(bytesOf(text.trim()))
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${key.asymmetricKeyType}, not Ed25519`)
  return key
}

function ofBytes(bytes: Uint8Array): KeyObject {
  const der = bytes.length === RAW_BYTES ? [...SPKI_PREFIX, ...bytes] : [...bytes]
  return createPublicKey({ key: bytesOf(Buffer.from(der).toString('base64')), format: 'der', type: 'spki' })
}

/** Whether a signature (base64) of a text is that key's; false for a key that cannot be read. */
export function isSigned(publicKey: string, text: string, signature: string): boolean {
  const bytes = bytesOf(signature)
  // One signature has one text: base64 has bits that decode to nothing.
  if (bytes.toString('base64') !== signature) return false
  try {
    return verify(null, new TextEncoder().encode(text), readPublicKey(publicKey), bytes)
  } catch {
    return false
  }
}

/** From a file (PEM, base64, or what `/api/v1/audit/public-key` answers) or from the argument itself; as SPKI in base64. */
export function publicKeyIn(argument: string): string {
  const text = existsSync(argument) ? readFileSync(argument, 'utf8') : argument
  try {
    const [, quoted] = /"public_key"\s*:\s*"([^"]+)"/.exec(text) ?? []
    return readPublicKey(quoted ?? text)
      .export({ format: 'der', type: 'spki' })
      .toString('base64')
  } catch (error) {
    throw new Error(`--public-key is neither a file with an Ed25519 public key nor one in base64`, { cause: error })
  }
}
