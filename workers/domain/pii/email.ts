import { isWord, matchAt } from './edges.ts'
import type { Finding } from './finding.ts'

const LOCAL_CHARS_MAX = 64
/** Beside word characters: % ' + - . */
const LOCAL = new Set([37, 39, 43, 45, 46])
const DOMAIN =
  /(?:[0-9A-Za-z\u00c0-\u1fff\u3040-\ud7ff][0-9A-Za-z\u00c0-\u1fff\u3040-\ud7ff-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![0-9A-Za-z])/y
/** What stands behind the last dot of a file, a package or a version. */
const NO_DOMAIN = new Set(
  (
    'png jpg jpeg gif svg webp avif ico pdf js mjs cjs jsx ts tsx css scss html htm json yaml yml toml xml md txt csv log ' +
    'zip gz tgz whl jar war rc beta alpha local localhost'
  ).split(' '),
)
const OF_VERSION = /^v?\d+\.\d+\./i
const PERCENT = 37

/**
 * An e-mail address (RFC 5321, section 4.1.2, without quoted local parts) around its `@`, or around `%40` in a URL.
 */
export function emailAt(text: string, at: number): Finding | undefined {
  const domainAt = at + (text.charCodeAt(at) === PERCENT ? 3 : 1)
  const domain = matchAt(DOMAIN, text, domainAt)
  if (domain === undefined) return undefined
  const end = domainAt + domain.length
  const top = domain.slice(domain.lastIndexOf('.') + 1).toLowerCase()
  if (NO_DOMAIN.has(top) || OF_VERSION.test(domain)) return undefined
  let start = at
  const lowest = Math.max(0, at - LOCAL_CHARS_MAX)
  while (start > lowest && isLocal(text.charCodeAt(start - 1))) start--
  // A sign in front belongs to the sentence, a letter behind a backslash to its escape.
  while (start < at && !isWord(text.charCodeAt(start)) && text.charCodeAt(start) < 128) start++
  if (text.charAt(start - 1) === '\\' && /[nrt]/.test(text.charAt(start)) && start + 1 < at) start++
  const local = text.slice(start, at)
  if (local === '' || local.endsWith('.')) return undefined
  // A remote of git: user, host, path.
  if (local === 'git' && /[:/]/.test(text.charAt(end))) return undefined
  return { type: 'email', start, end }
}

function isLocal(code: number): boolean {
  return isWord(code) || LOCAL.has(code) || (code >= 0xc0 && code <= 0x24f)
}
