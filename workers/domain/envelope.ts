import type { BatchHeader } from '../contract/batch.ts'

/**
 * The wire form of a batch: `AOB1`, header length (uint32 LE), header JSON, gzip of the canonical
 * events' JSON array. The same bytes are the queue message, the journal object and, without the
 * header, the stored chunk.
 */
const MAGIC = 0x31424f41 // "AOB1", little-endian
const HEADER_BYTES_MAX = 4096

export interface Envelope {
  header: BatchHeader
  /** gzip; empty when the header is a pointer. */
  body: Uint8Array
}

export function encodeEnvelope({ header, body }: Envelope): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header))
  const out = new Uint8Array(8 + json.length + body.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, json.length, true)
  out.set(json, 8)
  out.set(body, 8 + json.length)
  return out
}

/** Splits an envelope without parsing its header's meaning; null when the bytes are not one. */
export function splitEnvelope(bytes: Uint8Array): { header: unknown; body: Uint8Array } | null {
  if (bytes.length < 8) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) return null
  const length = view.getUint32(4, true)
  if (length > HEADER_BYTES_MAX || 8 + length > bytes.length) return null
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    return { header, body: bytes.subarray(8 + length) }
  } catch {
    return null
  }
}
