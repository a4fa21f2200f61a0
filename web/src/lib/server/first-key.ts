import type { Cookies } from '@sveltejs/kit'

const NAME = 'agentops_new_key'
/** Long enough to copy it, reload the page and try again. */
const SECONDS = 600

/** Keeps a new key for its creator's next page, where scripts cannot read it. */
export function keepFirstKey(cookies: Cookies, org: string, project: string, key: string, secure: boolean): void {
  cookies.set(NAME, `${project} ${key}`, {
    path: `/${org}/connect`,
    httpOnly: true,
    sameSite: 'strict',
    maxAge: SECONDS,
    secure,
  })
}

/** The new key of this project, or null. */
export function readFirstKey(cookies: Cookies, project: string): string | null {
  const [owner, key] = (cookies.get(NAME) ?? '').split(' ')
  return owner === project && key !== undefined ? key : null
}

export function dropFirstKey(cookies: Cookies, org: string): void {
  cookies.delete(NAME, { path: `/${org}/connect` })
}
