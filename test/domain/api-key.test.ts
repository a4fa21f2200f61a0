import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CELLS } from '../../workers/contract/tenant.ts'
import { cellOfKey, KEY_RANDOM_BYTES, makeApiKey } from '../../workers/domain/api-key.ts'

const random = fc
  .uint8Array({ minLength: KEY_RANDOM_BYTES, maxLength: KEY_RANDOM_BYTES })
  .filter((bytes) => bytes.filter((b) => b < 248).length >= 40)

describe('API keys', () => {
  it('say their cell and pass their own checksum', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CELLS), random, (cell, bytes) => cellOfKey(makeApiKey(cell, bytes)) === cell),
    )
  })

  it('do not survive a wrong character', () => {
    fc.assert(
      fc.property(random, fc.nat(45), (bytes, at) => {
        const key = makeApiKey('eu', bytes)
        const i = 'ao_eu_'.length + (at % 46)
        const wrong = key.slice(0, i) + (key[i] === 'A' ? 'B' : 'A') + key.slice(i + 1)
        expect(cellOfKey(wrong)).toBeNull()
      }),
    )
  })

  it.each(['', 'ao_eu_', 'ao_mars_' + 'a'.repeat(46), 'sk-123', 'ao_eu_' + 'a'.repeat(45)])('refuse %s', (key) =>
    expect(cellOfKey(key)).toBeNull(),
  )

  it('are not made of too little randomness', () =>
    expect(() => makeApiKey('us', new Uint8Array(39))).toThrow('randomness'))
})
