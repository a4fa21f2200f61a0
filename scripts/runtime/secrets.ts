import { randomBytes } from 'node:crypto'
import { newSigningKey } from './signing-key.ts'

const SECRET_BYTES = 48

/** A new value for a secret that a wrangler config requires: chance, unless the name asks for a key. */
export function newSecret(name: string): string {
  return name === 'AUDIT_SIGNING_KEY' ? newSigningKey() : randomBytes(SECRET_BYTES).toString('base64url')
}
