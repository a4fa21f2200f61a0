import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PiiCounts } from '../../../workers/domain/pii/finding.ts'
import { cutWhole, redactJson, redactStrings, redactText } from '../../../workers/domain/pii/redact.ts'
import { scan } from '../../../workers/domain/pii/scan.ts'
import { piiCorpus } from '../../support/pii-corpus.ts'

const corpus = piiCorpus()
const values = corpus.flatMap(({ text, expected }) =>
  expected.map(({ type, start, end }) => ({ type, value: text.slice(start, end), text })),
)
const redact = (text: string) => redactText(text, {})
const glue = fc.constantFrom(
  '',
  ' ',
  '  ',
  '\n',
  '\\n',
  ', ',
  '; ',
  '-',
  '.',
  '/',
  '@',
  '"',
  '":"',
  '(',
  ')',
  '=',
  '+',
  ':',
  '://',
  '_',
  '[',
  ']',
  '€',
  '电话',
  'tel: ',
  'ssn ',
)
const piece = fc.oneof(
  fc.constantFrom(...corpus.map(({ text }) => text)),
  fc.constantFrom(...values.map(({ value }) => value)),
  fc.string({ maxLength: 12 }),
  fc.stringMatching(/^[0-9 .()+-]{1,24}$/),
  fc.constantFrom(
    '[REDACTED:email]',
    '[REDACTED:',
    '-----BEGIN PRIVATE KEY-----',
    '4111',
    '0044',
    'sk-',
    '😀',
    '\ud800',
  ),
)
const mixed = fc.array(fc.tuple(piece, glue), { maxLength: 8 }).map((parts) => parts.flat().join(''))

describe('redactText', () => {
  it('puts a placeholder for what it found, counts it, and leaves the rest', () => {
    const counts: PiiCounts = { email: 1 }
    expect(redactText('from a@example.com and b@example.com, card 4111 1111 1111 1111.', counts)).toBe(
      'from [REDACTED:email] and [REDACTED:email], card [REDACTED:card].',
    )
    expect(counts).toEqual({ email: 3, card: 1 })
  })

  it('does nothing the second time, whatever stands beside what', () => {
    fc.assert(
      fc.property(mixed, (text) => {
        const once = redact(text)
        expect(scan(once).map(({ start, end }) => once.slice(start, end))).toEqual([])
      }),
      { numRuns: 5000 },
    )
  })

  it('never throws and only finds places in order', () => {
    fc.assert(
      fc.property(fc.oneof(mixed, fc.string({ unit: 'binary', maxLength: 200 })), (text) => {
        let at = 0
        for (const { start, end } of scan(text)) {
          expect(start).toBeGreaterThanOrEqual(at)
          expect(end).toBeGreaterThan(start)
          at = end
        }
        expect(at).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 5000 },
    )
  })

  it('leaves nothing of what it found, however often and among whatever it stands', () => {
    const sentence = fc.constantFrom(...values)
    const between = fc.constantFrom('\n', '. \n', ' | ', '\t', '\n\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(sentence, between), { minLength: 1, maxLength: 6 }), (parts) => {
        const out = redact(parts.map(([{ text }, gap]) => text + gap).join(''))
        for (const [{ value }] of parts) expect(out).not.toContain(value)
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves what stands after a key that was cut off its context', () => {
    const cut = `-----BEGIN PRIVATE KEY-----\n${'bi0PeJC4LzA6Z4AAhx3pgrj/'.repeat(4)}\nmfBwMRk7`
    expect(redact(`${cut}\nBearer d1d6854575622f856469602d1ba9f20df4875b15 rejected`)).toBe(
      '[REDACTED:private_key]\nBearer [REDACTED:bearer_token] rejected',
    )
    expect(redact(`${cut}\nbearer: "d1d6854575622f856469602d1ba9f20df4875b15"`)).toBe(
      '[REDACTED:private_key]\nbearer: "[REDACTED:bearer_token]"',
    )
    expect(redact(`x ${cut}`)).toBe('x [REDACTED:private_key]')
  })

  it('takes the name of a value for its context', () => {
    expect(redactJson({ phone: '4155552671', order: '4155552671', ssn: '457555462' }, {})).toEqual({
      phone: '[REDACTED:phone]',
      order: '4155552671',
      ssn: '[REDACTED:ssn]',
    })
    expect(redactJson({ Authorization: 'Basic dXNlcjpwYXNz' }, {})).toEqual({
      Authorization: 'Basic [REDACTED:bearer_token]',
    })
  })
})

describe('redactJson', () => {
  it('redacts strings, names of members and cards as numbers, at any depth', () => {
    const counts: PiiCounts = {}
    const value = { a: [{ 'x@example.com': 1, b: ['y@example.com', null, true, 4111111111111111, 12] }] }
    expect(redactJson(value, counts)).toEqual({
      a: [{ '[REDACTED:email]': 1, b: ['[REDACTED:email]', null, true, '[REDACTED:card]', 12] }],
    })
    expect(counts).toEqual({ email: 2, card: 1 })
  })

  it('keeps both members whose names become the same', () => {
    expect(redactJson({ 'a@example.com': 1, 'b@example.com': 2 }, {})).toEqual({
      '[REDACTED:email]': 1,
      '[REDACTED:email] (2)': 2,
    })
  })

  it('copies nothing that is clean, and `__proto__` stays a member', () => {
    const clean = { a: [1, 'two', { three: null }] }
    expect(redactJson(clean, {})).toBe(clean)
    const odd = redactJson(JSON.parse('{"__proto__":"a@example.com","b":1}'), {}) as object
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype)
    expect(JSON.stringify(odd)).toBe('{"__proto__":"[REDACTED:email]","b":1}')
  })

  it('never throws and does nothing the second time, for any JSON', () => {
    const json = fc.jsonValue({ depthSize: 'medium', maxDepth: 6 })
    const withPieces = fc.oneof(json, fc.dictionary(piece, fc.oneof(mixed, fc.array(mixed, { maxLength: 3 }))))
    fc.assert(
      fc.property(withPieces, (value) => {
        const once = redactJson(value, {})
        const counts: PiiCounts = {}
        expect(redactJson(once, counts)).toEqual(once)
        expect(counts).toEqual({})
      }),
      { numRuns: 2000 },
    )
  })
})

describe('redactStrings', () => {
  it('looks for some types only and leaves names alone', () => {
    const wanted = new Set(['email'] as const)
    const value = { 'k@example.com': 'Call +14155552671 or a@example.com', n: [1, 'b@example.com'] }
    expect(redactStrings(value, {}, wanted)).toEqual({
      'k@example.com': 'Call +14155552671 or [REDACTED:email]',
      n: [1, '[REDACTED:email]'],
    })
  })
})

describe('cutWhole', () => {
  it('cuts in front of what it would have cut in two', () => {
    for (const { value } of values.filter(({ type, value: v }) => type !== 'url_credentials' && v.length < 4000)) {
      const text = `${'word '.repeat(20)}${value} ${'word '.repeat(2000)}`
      if (scan(text).length !== 1) continue
      for (const at of [101, 100 + Math.ceil(value.length / 2), 99 + value.length]) {
        expect(cutWhole(text, at)).toBe('word '.repeat(20))
      }
    }
  })

  it('cuts clean text where it is told, never within a character', () => {
    expect(cutWhole('abc', 3)).toBe('abc')
    expect(cutWhole('abcd', 3)).toBe('abc')
    expect(cutWhole('ab😀', 3).isWellFormed()).toBe(true)
  })
})
