import type { Published } from '../../services/price/refresh.ts'

const TIMEOUT_MS = 20_000
const BYTES_MAX = 8_000_000

/** Reads the published catalogue, in bounds of time and size. */
export async function fetchPublished(
  url: string,
  etag: string | null,
  call: typeof fetch = (...args) => fetch(...args),
): Promise<Published> {
  try {
    const response = await call(url, {
      headers: { accept: 'application/json', ...(etag !== null && { 'if-none-match': etag }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.status === 304) return { kind: 'same' }
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel()
      return { kind: 'failed', detail: `answered ${response.status}` }
    }
    const text = await boundedText(response.body)
    if (text === null) return { kind: 'failed', detail: `is over ${BYTES_MAX} bytes` }
    return { kind: 'data', text, etag: response.headers.get('etag') }
  } catch (error) {
    return { kind: 'failed', detail: error instanceof Error ? error.name : 'could not be reached' }
  }
}

/** Null for what is too large, which is not read to its end. */
async function boundedText(body: ReadableStream<Uint8Array>): Promise<string | null> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > BYTES_MAX) return null
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
