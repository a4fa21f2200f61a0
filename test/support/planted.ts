import { gunzipSync } from 'node:zlib'
import { splitEnvelope } from '../../workers/domain/envelope.ts'

/** Made up, and put together here so that no scanner of this repository takes them for real. */
const SECRETS = [
  'jane.roe@planted.example',
  '+1 415 555 2671',
  '4539 1488 0343 6467',
  'DE89370400440532013000',
  '536-22-8731',
  '203.0.113.57',
  ['AK', 'IAIOSFODNN7EXAMPLE'].join(''),
  ['gh', 'p_0123456789abcdefghijABCDEFGHIJ012345'].join(''),
  ['sk', '-proj-0123456789abcdefghijABCDEFGHIJ'].join(''),
  ['ey', 'JhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJlLW9mLTQ3MTE'].join(''),
]
const PEM = [
  '-----BEGIN',
  ' PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQ==\n-----END PRIVATE KEY-----',
].join('')
/** What of each must not be found: its own middle too, so that half a secret is noticed. */
const TRACES = [
  ...SECRETS.map((secret) => secret.slice(2)),
  ...SECRETS.map((secret) => secret.slice(4, 14)),
  'BAQEFAASC',
]

/** A text with one of each type, among plain words. */
export const PLANTED = `begin ${SECRETS.join(' ; ')} ; ${PEM} end`

/** Which of the planted secrets stand in these bytes, as they are or in what they hold zipped. */
export function plantedIn(bytes: Uint8Array): string[] {
  const split = splitEnvelope(bytes)
  const zipped = split?.body ?? bytes
  const texts = [bytes, ...(zipped[0] === 0x1f && zipped[1] === 0x8b ? [gunzipSync(zipped)] : [])].map((part) =>
    new TextDecoder('latin1').decode(part),
  )
  return TRACES.filter((trace) => texts.some((text) => text.includes(trace)))
}
