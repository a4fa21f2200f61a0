import type { Cookies } from '@sveltejs/kit'

const NAME = 'agentops_new_key'
/** Long enough to copy it, reload the page and try again. */
const SECONDS = 600

/** Keeps a new key for its creator's next page, where scripts cannot read it. */
export function keepFirstKey(cookies: Cookies, org: string, key: string, secure: boolean): void {
  cookies.set(NAME, key, { path: `/${org}/welcome`, httpOnly: true, sameSite: 'strict', maxAge: SECONDS, secure })
}

export function readFirstKey(cookies: Cookies): string | null {
  return cookies.get(NAME) ?? null
}

export function dropFirstKey(cookies: Cookies, org: string): void {
  cookies.delete(NAME, { path: `/${org}/welcome` })
}
