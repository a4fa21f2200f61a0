import { AppError } from '../../domain/errors.ts'
import { publicUrl } from '../../domain/public-url.ts'

const TIMEOUT_MS = 5000
const BYTES_MAX = 256_000

/**
 * JSON from a URL that a tenant named: onto the internet only, no redirect, five seconds, 256 kB.
 * @throws AppError invalid_input that says what went wrong, and nothing of what was answered.
 */
export async function guardedJson(text: string, loopback: boolean, init: RequestInit = {}): Promise<unknown> {
  const checked = publicUrl(text, loopback)
  if (!checked.ok) throw new AppError('invalid_input', checked.detail)
  const name = checked.url.host
  let response: Response
  try {
    response = await fetch(checked.url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    throw new AppError('invalid_input', `${name} could not be reached.`, { cause })
  }
  if (!response.ok) throw new AppError('invalid_input', `${name} answered ${response.status}.`)
  const body = await response.text()
  try {
    if (body.length <= BYTES_MAX) return JSON.parse(body) as unknown
  } catch {
    // Told below.
  }
  throw new AppError('invalid_input', `${name} did not answer with JSON of a reasonable size.`)
}
