/** Headers that hold a key and nothing else, in the order in which they are asked. */
const BARE = ['x-api-key', 'api_key', 'api-key', 'helicone-auth'] as const

/**
 * The API key in a request's headers, so that clients keep the form they know: `Authorization` as Bearer, as Basic
 * (the password, or else the user) or as the bare key, `x-api-key`, `api_key`, `api-key`, or `Helicone-Auth`. Values
 * that came percent-encoded out of an environment variable are read too.
 */
export function keyInHeaders(headers: Headers): string | null {
  const found: string[] = []
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const key = fromAuthorization(decoded(authorization.trim()))
    if (key !== null) found.push(key)
  }
  for (const name of BARE) {
    const value = headers.get(name)
    if (value !== null) found.push(decoded(value.trim()).replace(/^bearer +/i, ''))
  }
  // One header may hold the key of a provider, for whoever forwards the call.
  return found.find((key) => key.startsWith('ao_')) ?? found[0] ?? null
}

function fromAuthorization(value: string): string | null {
  const space = value.indexOf(' ')
  if (space < 0) return value.startsWith('ao_') ? value : null
  const scheme = value.slice(0, space).toLowerCase()
  const rest = value.slice(space + 1).trim()
  if (scheme === 'bearer') return rest
  return scheme === 'basic' ? fromBasic(rest) : null
}

/** `OTEL_EXPORTER_OTLP_HEADERS` is percent-encoded, and not every exporter decodes it. */
function decoded(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value).trim()
  } catch {
    return value
  }
}

function fromBasic(encoded: string): string | null {
  try {
    const text = atob(encoded)
    const colon = text.indexOf(':')
    const user = colon < 0 ? text : text.slice(0, colon)
    const password = colon < 0 ? '' : text.slice(colon + 1)
    return password.startsWith('ao_') || user === '' ? password : user
  } catch {
    return null
  }
}
