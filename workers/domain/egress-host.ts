import { ID_CHARS_MAX } from '../contract/event.ts'

/** Where OpenTelemetry says whom a call went to, the plainest first ("Server attributes", "HTTP spans", and HTTP before 1.20). */
const ADDRESS = 'server.address'
const URLS = ['url.full', 'http.url'] as const

const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\\]*)/i
const IN_BRACKETS = /^\[([^\]]*)\](?::\d*)?$/
const PORT = /:\d*$/
const NAME = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_])?$/u
const IPV6 = /^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*$/

/** The host that a tool's attributes name: lower case, without credentials, port, path or the brackets of IPv6. */
export function egressHostOf(attributes: Record<string, unknown>): string | undefined {
  const address = attributes[ADDRESS]
  const named = typeof address === 'string' ? hostOf(address) : undefined
  if (named !== undefined) return named
  for (const name of URLS) {
    const url = attributes[name]
    const authority = typeof url === 'string' ? AUTHORITY.exec(url)?.[1] : undefined
    const host = authority === undefined ? undefined : hostOf(authority.slice(authority.lastIndexOf('@') + 1))
    if (host !== undefined) return host
  }
  return undefined
}

function hostOf(authority: string): string | undefined {
  const text = authority.trim().toLowerCase()
  const bracketed = IN_BRACKETS.exec(text)?.[1]
  const address = (bracketed ?? text).replace(/%.*$/, '')
  if (IPV6.test(address)) return address.length <= ID_CHARS_MAX ? address : undefined
  if (bracketed !== undefined) return undefined
  const host = text.replace(PORT, '').replace(/\.$/, '')
  return host.length <= ID_CHARS_MAX && NAME.test(host) ? host : undefined
}
