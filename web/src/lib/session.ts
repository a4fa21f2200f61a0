/** Where to sign in, with the way back. */
export function signInPath(url: URL): string {
  const next = url.pathname + url.search
  return next === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`
}

/** A path of this site only: anything else would send people away after they signed in. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])[^\\]*$/.test(next) ? next : '/'
}
