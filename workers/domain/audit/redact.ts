import { canonicalJson, isPlainObject } from './canonical-json.ts'

export const REDACTED = '[redacted]'
export const PERSONAL = '[personal]'
const DEPTH_MAX = 16
const FACTS_CHARS_MAX = 32_768

const SECRET_WORDS = new Set(
  `password passwd passphrase passcode pwd secret secrets token tokens key keys apikey hash hashes salt authorization auth
   bearer cookie cookies credential credentials jwt otp pin pem signature backup`.split(/\s+/),
)
/** A number under one of these is a secret too; under `tokens` or `keys` it is a count. */
const SECRET_NUMBERS = new Set(['password', 'passcode', 'pin', 'otp', 'secret', 'pwd'])
/** Last words of names that tell something about a secret, and not the secret. */
const ABOUT = new Set(
  'id ids name names type kind count max min limit total at ms scope scopes algorithm enabled required'.split(' '),
)
const PERSONAL_WORDS = /^(e_?mails?|ip|ip_address|user_agent|phone|first_name|last_name|full_name|avatar|image)$/
const PERSON_ID =
  /^((\w+_)?user_ids?|(accepted|approved|assigned|changed|created|deleted|disabled|granted|invited|rejected|removed|requested|revoked|updated)_by|owner|owner_id|user|users|member_ids?)$/
const OUR_ID = /^(?!usr_)[a-z]{1,4}_[0-9a-z]{10,}$/

const SECRET_TEXTS = [
  // Keys of ours: the hint `ao_eu_…abcd` stays readable.
  /\bao_[a-z]+_[0-9A-Za-z]{8,}/g,
  /\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{12,}/g,
  /\bbearer\s+[\w.~+/-]{8,}=*/gi,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g,
]
const EMAIL = /[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+\.[^\s@"'<>(),;:]+/g

/** What is known of the people in a record: their accounts' ids and names, and what stands for each in the chain. */
export interface People {
  /** From an account's id to its pseudonym. */
  pseudonyms: ReadonlyMap<string, string>
  /** Texts that name somebody. */
  names: readonly string[]
  /** True when the facts are those of a person: then `name` is one's name. */
  aboutPerson: boolean
}

/** Facts with every secret and every person taken out; always canonical JSON, and bounded. Never throws. */
export function redactFacts(
  facts: Record<string, unknown> | null | undefined,
  people: People,
): Record<string, unknown> | null {
  if (facts == null) return null
  const clean = redacted(facts, people, 0) as Record<string, unknown>
  const size = canonicalJson(clean).length
  return size <= FACTS_CHARS_MAX ? clean : { omitted: `${size} characters, over ${FACTS_CHARS_MAX}` }
}

/** A text with keys, tokens and e-mail addresses taken out. */
export function redactText(text: string): string {
  let clean = text.toWellFormed()
  for (const pattern of SECRET_TEXTS) clean = clean.replace(pattern, REDACTED)
  return clean.replace(EMAIL, PERSONAL)
}

/** Account ids that the facts mention; `aboutPerson` when the facts are a person's. */
export function accountsIn(value: unknown, aboutPerson: boolean, depth = 0): string[] {
  if (depth > DEPTH_MAX) return []
  if (Array.isArray(value)) return value.flatMap((item) => accountsIn(item, aboutPerson, depth + 1))
  if (!isPlainObject(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    if (!namesPerson(snake(name), aboutPerson)) return accountsIn(inner, aboutPerson, depth + 1)
    const given: unknown[] = Array.isArray(inner) ? inner : [inner]
    return given.flatMap((item) =>
      typeof item === 'string' ? (OUR_ID.test(item) ? [] : [item]) : accountsIn(item, true, depth + 1),
    )
  })
}

const namesPerson = (name: string, aboutPerson: boolean) => PERSON_ID.test(name) || (aboutPerson && name === 'id')

function redacted(value: unknown, people: People, depth: number): unknown {
  if (typeof value === 'string') return textOf(value, people)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth >= DEPTH_MAX) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => redacted(item, people, depth + 1))
  if (!isPlainObject(value)) return null
  const entries: [string, unknown][] = []
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined || typeof inner === 'function' || typeof inner === 'symbol' || name === '__proto__')
      continue
    entries.push([redactText(name), memberOf(name, inner, people, depth)])
  }
  return Object.fromEntries(entries)
}

function memberOf(name: string, value: unknown, people: People, depth: number): unknown {
  const plain = snake(name)
  if (value === null || value === '') return value
  if (isSecret(plain, value)) return REDACTED
  if (PERSONAL_WORDS.test(plain)) return PERSONAL
  if (people.aboutPerson && /^(display_)?(name|label)$/.test(plain)) return PERSONAL
  if (namesPerson(plain, people.aboutPerson)) {
    const person = { ...people, aboutPerson: true }
    const shown = (id: unknown) => (typeof id === 'string' ? personOf(id, people) : redacted(id, person, depth + 1))
    return Array.isArray(value) ? value.map(shown) : shown(value)
  }
  return redacted(value, people, depth + 1)
}

function isSecret(name: string, value: unknown): boolean {
  const words = name.split('_')
  if (ABOUT.has(words.at(-1) ?? '')) return false
  const found = words.filter((word) => SECRET_WORDS.has(word))
  if (found.length === 0 || typeof value === 'boolean') return false
  if (typeof value === 'number' || typeof value === 'bigint') return found.some((word) => SECRET_NUMBERS.has(word))
  return true
}

function personOf(id: string, people: People): string {
  return people.pseudonyms.get(id) ?? (OUR_ID.test(id) ? id : PERSONAL)
}

function textOf(text: string, people: People): string {
  const pseudonym = people.pseudonyms.get(text)
  if (pseudonym !== undefined) return pseudonym
  return people.names.includes(text) ? PERSONAL : redactText(text)
}

/** `apiKeyHash`, `api-key-hash` and `API_KEY_HASH` are one name. */
function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^0-9A-Za-z]+/g, '_')
    .toLowerCase()
}
