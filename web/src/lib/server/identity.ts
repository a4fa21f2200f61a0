import type { RequestEvent } from '@sveltejs/kit'
import { passCookies } from './cookies.ts'

export type IdentityAnswer = { ok: true; body: unknown } | { ok: false; status: number; code: string }

/** Asks the identity endpoints as the visitor, and hands the cookies that they set on to the browser. */
export async function identity(event: RequestEvent, path: string, body?: object): Promise<IdentityAnswer> {
  const response = await event.fetch(`/api/auth${path}`, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await response.text()
  if (!response.ok)
    return { ok: false, status: response.status, code: /"code"\s*:\s*"([A-Z_]+)"/.exec(text)?.[1] ?? '' }
  passCookies(response, event.cookies)
  return { ok: true, body: text === '' ? null : (JSON.parse(text) as unknown) }
}

/** What a refusal means, for people. */
export function wordsOf({ status, code }: { status: number; code: string }): string {
  if (status === 429) return 'Too many tries. Wait a minute, then try again.'
  if (status >= 500) return 'The server could not answer. Try again in a moment.'
  return WORDS[code] ?? 'The server did not take this. Check what you typed.'
}

const WORDS: Record<string, string> = {
  INVALID_PASSWORD: 'This is not your password.',
  INVALID_CODE: 'This code is not right, or no longer. Use the one that your app shows now.',
  INVALID_BACKUP_CODE: 'This recovery code is not right, or was used.',
  INVALID_TOKEN: 'This link was used or has expired. Ask for another one.',
  TOKEN_EXPIRED: 'This link has expired. Ask for another one.',
  INVALID_TWO_FACTOR_COOKIE: 'This took too long. Sign in again.',
  PASSWORD_TOO_SHORT: 'Use at least 10 characters.',
  PASSWORD_TOO_LONG: 'Use at most 128 characters.',
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: 'Too many tries. Sign in again.',
}
