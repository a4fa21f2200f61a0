import { CELLS, type Cell } from '../contract/tenant.ts'

/**
 * `ao_<cell>_<40 base-62 characters><6 characters of checksum>`: a prefix that secret scanners can find, the
 * cell that routes it, 238 bits of chance, and a checksum that tells a typing error from a wrong key.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_CHARS = 40
const CHECKSUM_CHARS = 6
const PATTERN = new RegExp(`^ao_(${CELLS.join('|')})_([0-9A-Za-z]{${SECRET_CHARS}})([0-9A-Za-z]{${CHECKSUM_CHARS}})$`)

/** Random bytes that `makeApiKey` wants: each is used when below 248 (an even share of 62), so more than 40. */
export const KEY_RANDOM_BYTES = 96

/** A new key from random bytes. @throws when too few of the bytes are usable. */
export function makeApiKey(cell: Cell, random: Uint8Array): string {
  let secret = ''
  for (const byte of random) {
    if (secret.length === SECRET_CHARS) break
    if (byte < 248) secret += ALPHABET[byte % 62] ?? ''
  }
  if (secret.length < SECRET_CHARS) throw new Error('not enough randomness for a key')
  const body = `ao_${cell}_${secret}`
  return body + checksum(body)
}

/** The cell of a well-formed key, or null. Says nothing of whether the key exists. */
export function cellOfKey(key: string): Cell | null {
  const match = PATTERN.exec(key)
  if (!match) return null
  const body = key.slice(0, -CHECKSUM_CHARS)
  return checksum(body) === match[3] ? (match[1] as Cell) : null
}

/** CRC-32 (IEEE 802.3) in base 62. */
function checksum(text: string): string {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let out = ''
  for (let i = 0; i < CHECKSUM_CHARS; i++) {
    out += ALPHABET[rest % 62] ?? ''
    rest = Math.floor(rest / 62)
  }
  return out
}
