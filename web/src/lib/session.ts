/** Where someone goes who has to sign in first, with the way back. */
export function signInHref(from: URL): string {
  const back = from.pathname + from.search
  return back === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(back)}`
}

/** A `next` parameter when it is a path on this site, else the fallback. Never leads elsewhere. */
export function safeNext(next: string | null | undefined, fallback: string): string {
  if (!next?.startsWith('/')) return fallback
  const base = 'https://here.invalid'
  const target = URL.parse(next, base)
  // Browsers read a backslash as a slash, and `//host` as another site.
  if (target === null || target.origin !== base || next.startsWith('//') || next.includes('\\')) return fallback
  const path = target.pathname + target.search
  return path.startsWith('//') || /^\/(sign-(in|up|out)|two-factor|api)(\/|\?|$)/.test(path) ? fallback : path
}
