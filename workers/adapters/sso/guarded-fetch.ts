import { AppError } from '../../domain/errors.ts'
import { guardedFetch } from '../http/guarded-fetch.ts'

const BYTES_MAX = 256_000

/**
 * JSON from a URL that a tenant named: onto the internet only, no redirect, five seconds, 256 kB.
 * @throws AppError invalid_input that says what went wrong, and nothing of what was answered.
 */
export async function guardedJson(text: string, loopback: boolean, init: RequestInit = {}): Promise<unknown> {
  const reached = await guardedFetch(text, loopback, init)
  if (!reached.ok) throw new AppError('invalid_input', reached.detail)
  const name = new URL(text).host
  const { response } = reached
  if (!response.ok) throw new AppError('invalid_input', `${name} answered ${response.status}.`)
  const body = await response.text()
  try {
    if (body.length <= BYTES_MAX) return JSON.parse(body) as unknown
  } catch {
    // Told below.
  }
  throw new AppError('invalid_input', `${name} did not answer with JSON of a reasonable size.`)
}
