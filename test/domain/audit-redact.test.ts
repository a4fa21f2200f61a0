import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuditRecord } from '../../workers/contract/audit.ts'
import { KEY_RANDOM_BYTES, makeApiKey } from '../../workers/domain/api-key.ts'
import { canonicalJson } from '../../workers/domain/audit/canonical-json.ts'
import {
  accountsMentioned,
  draftOf,
  mailSubject,
  newPersonId,
  PERSON_RANDOM_BYTES,
  subjectsOf,
} from '../../workers/domain/audit/draft.ts'
import { PERSONAL, REDACTED, redactFacts, redactText, type People } from '../../workers/domain/audit/redact.ts'
import { sha256 } from '../support/audit-chain.ts'

const nobody: People = { pseudonyms: new Map(), names: [], aboutPerson: false }
const KEY = makeApiKey('eu', new Uint8Array(KEY_RANDOM_BYTES).fill(7))

describe('secrets', () => {
  it.each([
    [{ password: 'x' }],
    [{ newPassword: 'x' }],
    [{ client_secret: 'x' }],
    [{ 'api-key': 'x' }],
    [{ apiKey: 'x' }],
    [{ key: 'x' }],
    [{ key_hash: 'x' }],
    [{ hash: 'x' }],
    [{ AUTHORIZATION: 'x' }],
    [{ refresh_token: 'x' }],
    [{ tokens: ['x'] }],
    [{ session_cookie: { value: 'x' } }],
    [{ backup_codes: ['x'] }],
    [{ pin: 1234 }],
    [{ deep: [{ inside: { private_key: 'x' } }] }],
  ])('are taken out of %j', (facts) => {
    const text = JSON.stringify(redactFacts(facts, nobody))
    expect(text).toContain(REDACTED)
    expect(text).not.toMatch(/"x"|1234/)
  })

  it('stay away, and what is told about them stays', () => {
    const facts = {
      name: 'CI',
      key_id: 'key_01kabcdefgh',
      key_name: 'CI',
      hint: 'ao_eu_…abcd',
      scopes: ['read'],
      max_tokens: 5000,
      tokens: 12,
      keep_content: true,
      two_factor_enabled: false,
      monkey: 'see',
      limit: null,
      created_by: 'spr_01kabcdefgh',
      role: 'owner',
    }
    expect(redactFacts(facts, nobody)).toEqual(facts)
  })

  it.each([
    [`key ${KEY} leaked`, `key ${REDACTED} leaked`],
    [`Bearer ${'a'.repeat(20)}`, REDACTED],
    ['sk-proj-0123456789abcdef', REDACTED],
    ['write to ann@example.com now', `write to ${PERSONAL} now`],
    ['ao_eu_…abcd', 'ao_eu_…abcd'],
  ])('are taken out of the text %j', (text, clean) => {
    expect(redactText(text)).toBe(clean)
    expect(redactFacts({ note: text }, nobody)).toEqual({ note: clean })
    expect(redactFacts({ [text]: 1 }, nobody)).toEqual({ [clean]: 1 })
  })

  it('of any value make canonical JSON of bounded size', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.anything({ withBigInt: true, withDate: true, withMap: true })),
        (facts) => {
          expect(canonicalJson(redactFacts(facts, nobody)).length).toBeLessThan(33_000)
        },
      ),
    )
    expect(redactFacts({ text: 'x'.repeat(40_000) }, nobody)).toEqual({ omitted: expect.stringContaining('40011') })
    let deep: unknown = 'bottom'
    for (let i = 0; i < 10_000; i++) deep = { deep }
    expect(JSON.stringify(redactFacts({ deep }, nobody))).toContain('too deep')
    expect(redactFacts({ a: '\ud800', b: Number.NaN, c: undefined }, nobody)).toEqual({ a: '\ufffd', b: null })
    expect(redactFacts(undefined, nobody)).toBeNull()
  })
})

const given: AuditRecord = {
  at_ms: 0,
  actor: { type: 'user', id: 'account-ann', label: 'Ann Smith', email: 'ann@example.com' },
  action: 'member.update',
  target: { type: 'user', id: 'account-bob', label: 'Bob Jones', email: 'bob@example.com' },
  before: { role: 'developer', name: 'Bob', email: 'bob@example.com', user_id: 'account-bob' },
  after: { role: 'owner', invited_by: 'account-ann', note: 'account-bob', by: 'Ann Smith', user_ids: ['account-cy'] },
  origin: { ip: '192.0.2.1', user_agent: 'Firefox' },
  request_id: 'req_1',
}
const pseudonyms = new Map([
  ['account-ann', 'per_a'],
  ['account-bob', 'per_b'],
])
const draftFrom = (record: AuditRecord) =>
  draftOf(record, subjectsOf(record, 'org_1', sha256), pseudonyms, { actor: null, target: null })

describe('people', () => {
  it('enter the chain by pseudonym only', () => {
    const draft = draftFrom(given)
    expect(draft).toMatchObject({
      actor: { type: 'user', id: 'per_a', label: null },
      target: { type: 'user', id: 'per_b', label: null },
      before: { role: 'developer', name: PERSONAL, email: PERSONAL, user_id: 'per_b' },
      after: { role: 'owner', invited_by: 'per_a', note: 'per_b', by: PERSONAL, user_ids: [PERSONAL] },
    })
    expect(JSON.stringify(draft)).not.toMatch(/account|Ann|Smith|Bob|Jones|example|192\.0|Firefox/)
  })

  it('are found inside of the facts', () => {
    const after = {
      users: [{ id: 'account-ann', name: 'Ann' }, 'account-cy'],
      owner: { id: 'account-dan', name: 'Dan' },
    }
    const record = {
      ...given,
      target: { type: 'project', id: 'prj_1', label: 'P' },
      before: { id: 'prj_1', name: 'P' },
      after,
    }
    expect(accountsMentioned(record)).toEqual(['account-ann', 'account-cy', 'account-dan'])
    expect(draftFrom(record)).toMatchObject({
      before: { id: 'prj_1', name: 'P' },
      after: { users: [{ id: 'per_a', name: PERSONAL }, PERSONAL], owner: { id: PERSONAL, name: PERSONAL } },
    })
  })

  it('never enter it when their pseudonym is not known', () => {
    const stranger: AuditRecord = { ...given, actor: { ...given.actor, id: 'account-dan' } }
    expect(() => draftFrom(stranger)).toThrow('pseudonym')
  })

  it.each<[string, Partial<AuditRecord>, { actor: string | null; target: string | null }]>([
    ['people', {}, { actor: 'account-ann', target: 'account-bob' }],
    ['a key, and a thing', { actor: { type: 'key', id: 'key_1', label: 'CI' }, target: { type: 'project', id: 'p', label: 'P' } }, { actor: 'org:org_1', target: null }], // prettier-ignore
    ['the system, from nowhere', { actor: { type: 'system', id: 'retention', label: '' }, origin: null }, { actor: null, target: 'account-bob' }], // prettier-ignore
    ['an address without an account', { target: { type: 'invitation', id: 'inv_1', label: 'Eve@Example.com' } }, { actor: 'account-ann', target: mailSubject('eve@example.com ', sha256) }], // prettier-ignore
  ])('are sealed each under their own key: %s', (_, change, subjects) => {
    expect(subjectsOf({ ...given, ...change }, 'org_1', sha256)).toEqual(subjects)
  })

  it('that are invited leave no address in the chain', () => {
    const target = { type: 'invitation', id: 'inv_1', label: 'eve@example.com' }
    const draft = draftFrom({ ...given, target, before: null, after: { email: 'eve@example.com', role: 'auditor' } })
    expect(draft.target).toEqual({ type: 'invitation', id: 'inv_1', label: null })
    expect(JSON.stringify(draft)).not.toContain('eve')
  })

  it('and programs cannot keep a record out by what they send with it', () => {
    const long = 'x'.repeat(10_000)
    const draft = draftFrom(AuditRecord.parse({ ...given, request_id: long, agent_id: `${long}\ud800`, id: long }))
    expect(draft.request_id).toHaveLength(512)
    expect(draft.agent_id).toHaveLength(512)
  })

  it('have pseudonyms of chance alone', () => {
    const random = Uint8Array.from({ length: PERSON_RANDOM_BYTES }, (_, i) => i * 13)
    expect(newPersonId(random)).toMatch(/^per_[0-9a-z]{20}$/)
    expect(newPersonId(random)).not.toBe(newPersonId(random.map((b) => b + 1)))
    expect(() => newPersonId(random.subarray(1))).toThrow('randomness')
  })
})
