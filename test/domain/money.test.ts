import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nanoFromUsd, usd } from '../../workers/domain/money.ts'

describe('nanoFromUsd', () => {
  it.each([
    [0, 0],
    [1, 1_000_000_000],
    [0.1, 100_000_000],
    ['0.1', 100_000_000],
    [1e-9, 1],
    [1.5e-9, 2],
    ['0.0000000004', 0],
    ['0.0000000005', 1],
    ['12.345678901', 12_345_678_901],
    [1e-7, 100],
    [123456.789, 123_456_789_000_000],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
  ])('%s → %i', (input, nano) => expect(nanoFromUsd(input)).toBe(nano))

  it.each([-1, Number.NaN, Infinity, '-1', '1,5', '', 'abc', '1.', '9007199.254740992', 1e12])('refuses %s', (input) =>
    expect(nanoFromUsd(input)).toBeNull(),
  )

  it('and usd are inverse for every amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (nano) => nanoFromUsd(usd(nano)) === nano),
    )
  })

  it('reads a number as the decimal that prints it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e15 }), (n) => nanoFromUsd(n / 1e9) === nanoFromUsd((n / 1e9).toFixed(9))),
      { examples: [[1], [15], [999_999_999]] },
    )
  })
})

describe('usd', () => {
  it.each([
    [0, '0.000000000'],
    [1, '0.000000001'],
    [-1, '-0.000000001'],
    [12_345_678_901n, '12.345678901'],
    ['90071992547409931234567', '90071992547409.931234567'],
  ])('%s → %s', (nano, text) => expect(usd(nano)).toBe(text))
})
