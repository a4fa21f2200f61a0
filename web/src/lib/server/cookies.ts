import type { Cookies } from '@sveltejs/kit'

/** Hands the cookies that the API set on to the browser. */
export function passCookies(response: Response, cookies: Cookies): void {
  for (const line of response.headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';')
    const equals = pair.indexOf('=')
    const options = new Map(
      attributes.map((a) => [a.split('=')[0]?.trim().toLowerCase() ?? '', a.slice(a.indexOf('=') + 1).trim()]),
    )
    const maxAge = options.get('max-age')
    cookies.set(pair.slice(0, equals).trim(), decodeURIComponent(pair.slice(equals + 1)), {
      path: options.get('path') ?? '/',
      httpOnly: true,
      secure: options.has('secure'),
      sameSite: 'lax',
      ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
    })
  }
}
