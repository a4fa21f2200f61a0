/**
 * The API key in a request's headers: `Authorization: Bearer`, the password or else the user of
 * `Authorization: Basic`, or `x-api-key`, so that clients keep the form they know.
 */
export function keyInHeaders(headers: Headers): string | null {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const space = authorization.indexOf(' ')
    const scheme = authorization.slice(0, space).toLowerCase()
    const value = authorization.slice(space + 1).trim()
    if (scheme === 'bearer') return value
    if (scheme === 'basic') return fromBasic(value)
  }
  return headers.get('x-api-key')?.trim() ?? null
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
