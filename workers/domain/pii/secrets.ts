import { before, isWord, matchAt, wordEnd } from './edges.ts'
import type { Finding, PiiType } from './finding.ts'

const HYPHEN = 45

/**
 * Forms of keys as their makers document them (GitHub "token formats", AWS IAM "unique identifiers", Slack "token types",
 * Stripe "API keys", RFC 7519 for JWT). Each begins a run of its own characters, so a run is tried once.
 */
const AWS_SECRET =
  /aws_?secret_?(?:access_?)?key(?:_id)?["'\\]{0,3} ?[:=] ?["'\\]{0,3}[0-9A-Za-z/+]{40}(?![0-9A-Za-z/+=])/iy
const SK = /sk-[0-9A-Za-z_-]{20,256}/y
const STRIPE = /[srp]k_(?:live|test)_[0-9A-Za-z]{16,128}/y
const FORMS: readonly (readonly [prefix: string, type: PiiType, pattern: RegExp])[] = [
  ['ao_', 'agentops_key', /ao_[a-z]{2,8}_[0-9A-Za-z]{20,64}/y],
  ['AKIA', 'aws_key', /AKIA[0-9A-Z]{16}(?![0-9A-Za-z])/y],
  ['ASIA', 'aws_key', /ASIA[0-9A-Z]{16}(?![0-9A-Za-z])/y],
  ['aws', 'aws_key', AWS_SECRET],
  ['AWS', 'aws_key', AWS_SECRET],
  ['sk-', 'provider_key', SK],
  ['sk_', 'provider_key', STRIPE],
  ['rk_', 'provider_key', STRIPE],
  ['pk_', 'provider_key', STRIPE],
  ['AIza', 'provider_key', /AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/y],
  ['hf_', 'provider_key', /hf_[0-9A-Za-z]{30,64}(?![0-9A-Za-z])/y],
  ['github_pat_', 'github_token', /github_pat_[0-9A-Za-z_]{22,255}/y],
  ['gh', 'github_token', /gh[opusr]_[0-9A-Za-z]{36,255}/y],
  ['xox', 'slack_token', /xox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{10,255}/y],
  ['xapp-', 'slack_token', /xapp-\d-[0-9A-Za-z-]{10,255}/y],
  [
    'eyJ',
    'jwt',
    /eyJ[0-9A-Za-z_-]{8,8192}\.[0-9A-Za-z_-]{2,16384}\.[0-9A-Za-z_-]{0,8192}(?:\.[0-9A-Za-z_-]{1,8192}){0,2}/y,
  ],
]
const BY_FIRST: (typeof FORMS)[] = []
for (const form of FORMS) {
  const code = form[0].charCodeAt(0)
  BY_FIRST[code] = [...(BY_FIRST[code] ?? []), form]
}
const BEARER = /bearer(?=[^0-9A-Za-z_])["'\\]{0,3} {0,3}[:=]? {0,2}["'\\]{0,3}/iy
const BASIC = /basic {1,3}/iy
const OF_HEADER = /authori[sz]ation["'\\]{0,3} {0,2}[:=]? {0,2}["'\\]{0,3}$/i
const CREDENTIALS = /[0-9A-Za-z._~+/-]{8,8192}={0,2}/y
const LETTER_B = 98

/** A key or token that begins with the sign of who made it, or one behind `Bearer` (RFC 6750). */
export function secretAt(text: string, at: number, hint: string): Finding | undefined {
  return (text.charCodeAt(at) | 32) === LETTER_B ? credentialsAt(text, at, hint) : formAt(text, at)
}

function formAt(text: string, at: number): Finding | undefined {
  const forms = BY_FIRST[text.charCodeAt(at)]
  if (forms === undefined || text.charCodeAt(at - 1) === HYPHEN) return undefined
  for (const [prefix, type, pattern] of forms) {
    if (!text.startsWith(prefix, at)) continue
    const matched = matchAt(pattern, text, at)
    if (matched === undefined) continue
    const end = at + matched.length
    if (!hasChance(matched, type)) return undefined
    return { type, start: at, end: isWord(text.charCodeAt(end)) ? wordEnd(text, end) : end }
  }
  return undefined
}

/** Names in kebab-case look like keys, but without digits. */
function hasChance(secret: string, type: PiiType): boolean {
  return type !== 'provider_key' || /\d/.test(secret)
}

function credentialsAt(text: string, at: number, hint: string): Finding | undefined {
  const bearer = matchAt(BEARER, text, at)
  const scheme = bearer ?? (OF_HEADER.test(before(text, at, hint)) ? matchAt(BASIC, text, at) : undefined)
  if (scheme === undefined) return undefined
  const start = at + scheme.length
  const known = formAt(text, start)
  if (known !== undefined) return known
  const token = matchAt(CREDENTIALS, text, start)?.replace(/\.$/, '')
  if (token === undefined) return undefined
  if (bearer !== undefined && (token.length < 16 || !/\d/.test(token))) return undefined
  return { type: 'bearer_token', start, end: start + token.length }
}

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----/y
const END = /-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----/y
const BODY = /(?:\\[nr]|\s)*[0-9A-Za-z+/=]{16,}/y
/** The last line of a key is a line of its own: a word that others follow belongs to them, and may be their context. */
const TAIL = /(?:\\[nr]|\s)*[0-9A-Za-z+/=]+(?![ \t]*[0-9A-Za-z+/=:])/y
const BODY_CHARS_MAX = 16_384

/** A private key in the textual encoding of RFC 7468 or RFC 4880, also one whose end was cut off. */
export function privateKeyAt(text: string, at: number): Finding | undefined {
  const begin = matchAt(BEGIN, text, at)
  if (begin === undefined) return undefined
  const bodyAt = at + begin.length
  const endAt = text.slice(bodyAt, bodyAt + BODY_CHARS_MAX).indexOf('-----')
  const end = endAt < 0 ? undefined : matchAt(END, text, bodyAt + endAt)
  if (end !== undefined) return { type: 'private_key', start: at, end: bodyAt + endAt + end.length }
  let last = bodyAt
  for (let line = matchAt(BODY, text, last); line !== undefined; line = matchAt(BODY, text, last)) last += line.length
  if (last === bodyAt) return undefined
  last += matchAt(TAIL, text, last)?.length ?? 0
  while (isWord(text.charCodeAt(last))) last++
  return { type: 'private_key', start: at, end: last }
}
