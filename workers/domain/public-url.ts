/** Names that lead into a network instead of onto the internet. */
const INNER = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|test|invalid|example|onion|arpa)$/
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

export type PublicUrl = { ok: true; url: URL } | { ok: false; detail: string }

/**
 * A URL that a tenant gives us to call, when it leads onto the internet: https, the usual port, a name that is not an
 * address, no credentials. `loopback` also takes http on this machine, for a product that runs on it. What a name
 * resolves to is decided later: a Worker cannot reach private networks, and no redirect is followed (see callers).
 */
export function publicUrl(text: string, loopback = false): PublicUrl {
  const url = URL.parse(text)
  if (url === null) return no('This is not a URL.')
  if (url.username !== '' || url.password !== '') return no('Leave user name and password out of the URL.')
  if (loopback && url.protocol === 'http:' && LOOPBACK.has(url.hostname)) return { ok: true, url }
  if (url.protocol !== 'https:') return no('Only https is called.')
  if (url.port !== '') return no('Only the usual port of https is called.')
  const host = url.hostname.toLowerCase().replace(/\.$/, '')
  // The parser has turned every way to write an IPv4 address into four numbers by now.
  if (/^[\d.]+$/.test(host) || host.startsWith('[')) return no('Give a name, not an address.')
  if (!host.includes('.') || INNER.test(host)) return no('This name does not lead onto the internet.')
  return { ok: true, url }
}

const no = (detail: string): PublicUrl => ({ ok: false, detail })

/** A path on this site, or `/`: browsers read a backslash as a slash, and `//host` as another site. */
export function localPath(text: string): string {
  return /^\/(?![/\\])[^\\]*$/.test(text) ? text : '/'
}
