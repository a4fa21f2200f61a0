import { expect, it } from 'vitest'
import { scan } from '../../../workers/domain/pii/scan.ts'

const CHARS = 65_536
/** Some milliseconds of one core, with room for a busy machine; a quadratic pattern takes seconds. */
const MS_MAX = 30
const PATTERNS = [
  'a',
  '1',
  ' ',
  '@',
  '-',
  '+',
  '(',
  '[',
  '\\',
  '%40',
  '_',
  '://',
  '电话',
  'ÿ@',
  '1.',
  '1-',
  '1/',
  '1  - ',
  '0 ',
  '06 ',
  '(0',
  '(02) ',
  'a@',
  'a@a.',
  'a.b-c%d+',
  'x@y.zz,',
  `a@${'b.'.repeat(120)}`,
  '1.2.3.4.',
  '2001:',
  '2001:db8::1:',
  'eyJ-',
  'eyJaaaaaaaaa.',
  'eyJaaaaaaaaa.aa ',
  'sk-',
  'sk-aaaaaaaaaaaaaaaaaaaaaaaaaa ',
  'Bearer ',
  'bearer:"',
  'authorization: basic ',
  '-----BEGIN PRIVATE KEY-----',
  `-----BEGIN PRIVATE KEY-----\n${' '.repeat(500)}`,
  `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(16)} -`,
  '://a:',
  'a://b:c',
  'a:',
  '+1 ',
  '+49 1 2 3 4 5 6 7 8 9 ',
  '\\n',
  '[REDACTED:',
  'DE89 3704 ',
  'DE00',
  'MT00AAAABBBB',
  'RSSMRA85T10A562X ',
  '123-45-6789 ',
  '123-45-',
  'tel 12345678 ',
  'phone: me at ',
  'tel me at is on 1234567 ',
  'xoxb-',
  'aws_secret_access_key=',
  'ghp_',
  '25-01-01 ',
  '12345678 ',
  '1 85 07 75 ',
  '85.07.30-033.',
  '4111 ',
  '4111111111111111',
  '0a 1b 2c 33 ',
]

const filled = (pattern: string, chars: number) => pattern.repeat(Math.ceil(chars / pattern.length)).slice(0, chars)

function bestMs(text: string): number {
  let best = Infinity
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    scan(text)
    best = Math.min(best, performance.now() - start)
  }
  return best
}

it.each(PATTERNS)('reads 64 kB of %j in a few milliseconds', (pattern) => {
  expect(bestMs(filled(pattern, CHARS))).toBeLessThan(MS_MAX)
})

it('takes about eight times as long for eight times as much', () => {
  const sum = (chars: number) => PATTERNS.reduce((ms, pattern) => ms + bestMs(filled(pattern, chars)), 0)
  sum(8192)
  expect(sum(CHARS) / sum(8192)).toBeLessThan(24)
})
