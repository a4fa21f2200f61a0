import { gunzipSync } from 'node:zlib'
import { AppError } from '../domain/errors.ts'

/** Limit of a body on the wire and after unpacking. */
export const BODY_BYTES_MAX = 5_000_000

/** Reads a whole body within the limits and unpacks gzip. @throws AppError too_large, unreadable, unsupported_media_type. */
export async function readBody(request: Request): Promise<Uint8Array> {
  const encoding = (request.headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== '') {
    throw new AppError(
      'unsupported_media_type',
      `Content-Encoding "${encoding.slice(0, 40)}" is not supported: send gzip or none.`,
    )
  }
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX) throw tooLarge()
  const wire = await readWithin(request)
  if (encoding !== 'gzip' && !(wire[0] === 0x1f && wire[1] === 0x8b)) return wire
  try {
    return gunzipSync(wire, { maxOutputLength: BODY_BYTES_MAX })
  } catch (error) {
    if (error instanceof RangeError || (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new AppError('unreadable', 'The body is not valid gzip.', { cause: error })
  }
}

/** With a declared length the platform has checked it; a chunked body is counted as it comes. */
async function readWithin(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array(0)
  try {
    if (request.headers.has('content-length')) {
      const bytes = new Uint8Array(await request.arrayBuffer())
      if (bytes.length > BODY_BYTES_MAX) throw tooLarge()
      return bytes
    }
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of request.body) {
      length += part.length
      if (length > BODY_BYTES_MAX) throw tooLarge()
      parts.push(part)
    }
    return Buffer.concat(parts)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('unreadable', 'The body ended before it was complete.', { cause: error })
  }
}

function tooLarge(): AppError {
  return new AppError(
    'too_large',
    `The body is over ${BODY_BYTES_MAX / 1e6} MB, packed or unpacked: send smaller batches.`,
  )
}

export function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
