import { before, endsNumber, isDigit, isWord, matchAt, startsNumber } from './edges.ts'
import type { Finding } from './finding.ts'

const IPV4 = /(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}/y
/** Versions and headings are numbers with three dots too. */
const OF_VERSION =
  /(?<![A-Za-z])(?:v|ver|versions?|versión|release|build|revision|firmware|driver|section|chapter|clause|kapitel|abschnitt|article|step)[.:=\s"']*$|[§^~] ?$/i
const OF_PRODUCT = /[A-Za-z]\/$/
const OF_ADDRESS = /(?:ip|addr(?:ess)?|host|server|client|from|peer|ping|dns)[^0-9\]]{0,12}$|\/\/$/i
/** Object identifiers of X.500 and of the internet. */
const OF_OBJECT = /^(?:2\.5\.(?:4|29)|1\.3\.6)\./
/** A port or the length of a prefix. */
const AFTER_ADDRESS = /:\d{2,5}\b|\/(?:[12]?\d|3[0-2])\b/y

/** An address of IPv4 that can be somebody's: not of this host, not of many, not a mask. */
export function ipv4At(text: string, at: number, hint: string): Finding | undefined {
  const matched = matchAt(IPV4, text, at)
  if (matched === undefined || !startsNumber(text, at)) return undefined
  const end = at + matched.length
  if (!endsNumber(text, end) || (text.charAt(end) === '-' && isWord(text.charCodeAt(end + 1)))) return undefined
  const octets = matched.split('.').map(Number)
  const first = octets[0] ?? 0
  if (first === 0 || first === 127 || first >= 224) return undefined
  const lead = before(text, at, hint)
  if (OF_OBJECT.test(matched) || OF_VERSION.test(lead) || OF_PRODUCT.test(lead)) return undefined
  const isPlain = octets.every((octet) => octet < 10) && new Set(octets).size > 1
  const isTold = () => OF_ADDRESS.test(lead) || matchAt(AFTER_ADDRESS, text, end) !== undefined
  if (isPlain && !isTold()) return undefined
  return { type: 'ip', start: at, end }
}

const IPV6 = /[0-9A-Fa-f]{4}:[0-9A-Fa-f:]{2,34}(?:\d{1,3}(?:\.\d{1,3}){3})?/y
/** Global unicast, unique local and link-local addresses (RFC 4291, RFC 4193). */
const OF_SOMEBODY = /^(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):/i
const GROUP = /^[0-9a-f]{1,4}$/i

/** An address of IPv6 (RFC 4291, section 2.2). */
export function ipv6At(text: string, at: number): Finding | undefined {
  if (text.charAt(at + 4) !== ':') return undefined
  const matched = matchAt(IPV6, text, at)
  if (matched === undefined || !OF_SOMEBODY.test(matched)) return undefined
  const address = matched.endsWith(':') && !matched.endsWith('::') ? matched.slice(0, -1) : matched
  const end = at + address.length
  if (!isIpv6(address) || /[0-9A-Za-z_]/.test(text.charAt(end))) return undefined
  return { type: 'ip', start: at, end }
}

function isIpv6(address: string): boolean {
  const halves = address.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const hasIpv4 = last.includes('.')
  if (hasIpv4) groups.pop()
  if (!groups.every((group) => GROUP.test(group))) return false
  const count = groups.length + (hasIpv4 ? 2 : 0)
  return halves.length === 2 ? count < 8 : count === 8
}

const USERINFO = /:\/\/[^\s/?#@:"'<>\\[]{0,256}:[^\s/?#"'<>\\]{1,256}@/y

/** The user and password of a URL (RFC 3986, section 3.2.1), without the signs around them. */
export function urlCredentialsAt(text: string, at: number): Finding | undefined {
  const matched = matchAt(USERINFO, text, at)
  if (matched === undefined || isDigit(text.charCodeAt(at - 1))) return undefined
  return { type: 'url_credentials', start: at + 3, end: at + matched.length - 1 }
}
