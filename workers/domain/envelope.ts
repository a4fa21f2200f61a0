import type { BatchHeader } from '../contract/batch.ts'

/**
 * The wire form of a batch: `AOB1`, header length (uint32 LE), header JSON, gzip of the canonical
 * events' JSON array. The same bytes are the queue message, lie in the journal and, without the
 * header, are the stored chunk.
 */
const MAGIC = 0x31424f41 // "AOB1", little-endian
const HEADER_BYTES_MAX = 4096
/** A journal object: `AOS1`, then each envelope behind its length (uint32 LE). */
const SEGMENT_MAGIC = 0x31534f41

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

/** Joins envelopes that become durable together. */
export function encodeSegment(envelopes: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(4 + envelopes.reduce((sum, envelope) => sum + 4 + envelope.length, 0))
  const view = new DataView(out.buffer)
  view.setUint32(0, SEGMENT_MAGIC, true)
  let at = 4
  for (const envelope of envelopes) {
    view.setUint32(at, envelope.length, true)
    out.set(envelope, at + 4)
    at += 4 + envelope.length
  }
  return out
}

/** The envelopes of a segment; null when the bytes are not one. */
export function splitSegment(bytes: Uint8Array): Uint8Array[] | null {
  if (bytes.length < 4) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== SEGMENT_MAGIC) return null
  const envelopes: Uint8Array[] = []
  let at = 4
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return null
    const length = view.getUint32(at, true)
    if (at + 4 + length > bytes.length) return null
    envelopes.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return envelopes
}

/** What a message carries of a journaled batch that is too large for it. */
export function pointerTo(header: BatchHeader): Uint8Array {
  return encodeEnvelope({ header: { ...header, pointer: true }, body: new Uint8Array(0) })
}

/** A batch's identity among all projects. */
export function batchKey(batch: { project_id: string; batch_id: string }): string {
  return `${batch.project_id}\n${batch.batch_id}`
}
