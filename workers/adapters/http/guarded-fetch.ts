import { publicUrl } from '../../domain/public-url.ts'

const TIMEOUT_MS = 5000

export type Reached =
  { ok: true; response: Response } | { ok: false; reason: 'refused' | 'unreachable'; detail: string }

/**
 * Calls a URL that a tenant named: onto the internet only, no redirect, five seconds. Whatever was answered is the
 * caller's to read, in bounds. `loopback` also lets it call this machine, for a product that runs on it.
 */
export async function guardedFetch(
  text: string,
  loopback: boolean,
  init: RequestInit,
  call: typeof fetch = (...args) => fetch(...args),
): Promise<Reached> {
  const checked = publicUrl(text, loopback)
  if (!checked.ok) return { ok: false, reason: 'refused', detail: checked.detail }
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return { ok: true, response: await call(checked.url, { ...init, redirect: 'manual', signal }) }
  } catch {
    return { ok: false, reason: 'unreachable', detail: `${checked.url.host} could not be reached.` }
  }
}
