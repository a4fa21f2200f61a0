import { describe, expect, it } from 'vitest'
import { PII_TYPES, type Finding } from '../../../workers/domain/pii/finding.ts'
import { scan } from '../../../workers/domain/pii/scan.ts'
import { piiCorpus } from '../../support/pii-corpus.ts'

const PRECISION_LEAST = 0.98
const RECALL_LEAST = 0.95
const corpus = piiCorpus()
const cases = corpus.map(({ text, expected }) => ({ expected: keys(expected), found: keys(scan(text)) }))

function keys(findings: readonly Finding[]): string[] {
  return findings.map(({ type, start, end }) => `${type} ${start}-${end}`)
}

describe('the corpus', () => {
  it('has enough of both', () => {
    expect(corpus.flatMap(({ expected }) => expected).length).toBeGreaterThanOrEqual(180)
    expect(corpus.filter(({ expected }) => expected.length === 0).length).toBeGreaterThanOrEqual(180)
  })

  it.each(PII_TYPES)('%s: precision and recall, places to the character', (type) => {
    const of = (list: string[]) => list.filter((key) => key.startsWith(`${type} `))
    const expected = cases.reduce((sum, one) => sum + of(one.expected).length, 0)
    const found = cases.reduce((sum, one) => sum + of(one.found).length, 0)
    const right = cases.reduce((sum, one) => sum + of(one.found).filter((key) => one.expected.includes(key)).length, 0)
    expect(expected).toBeGreaterThanOrEqual(6)
    expect({ type, precision: right / found, recall: right / expected }).toSatisfy(
      (rates: { precision: number; recall: number }) =>
        rates.precision >= PRECISION_LEAST && rates.recall >= RECALL_LEAST,
    )
  })

  it('finds nothing in clean text', () => {
    const clean = corpus.filter(({ file }) => file === 'clean.json')
    expect(clean.flatMap(({ text }) => scan(text).map((f) => [f.type, text]))).toEqual([])
  })
})
