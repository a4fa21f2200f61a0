import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto'

/** Encrypts what only the api may read, under a key of its own (XChaCha20-Poly1305). */
export function seal(key: string, text: string): Promise<string> {
  return symmetricEncrypt({ key, data: text })
}

export function unseal(key: string, data: string): Promise<string> {
  return symmetricDecrypt({ key, data })
}
