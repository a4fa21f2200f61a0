import { describe, expect, it } from 'vitest'
import { Comparison } from '../../workers/contract/compare.ts'
import { compareRuns, type Run } from '../../workers/domain/compare/compare.ts'

/** So many runs of which so many were good; costs and durations rise a little from one to the next. */
function runs(n: number, good: number, cost: number | bigint, took: number, unfinished = 0): Run[] {
  return Array.from({ length: n + unfinished }, (_, i) => ({
    complete: i < n,
    good: i < good,
    cost_nanousd: BigInt(cost) + BigInt(i),
    took_ms: took + i,
  }))
}
const side = (value: string, list: Run[]) => ({ value, runs: list, sampled: false })
const verdicts = (a: Run[], b: Run[]) =>
  Object.values(compareRuns(side('v1', a), side('v2', b)).differences).map(({ verdict }) => verdict)

describe('a version against another', () => {
  it.each<[string, Run[], Run[], string[]]>([
    ['better in all', runs(200, 100, 9000, 5000), runs(200, 180, 4000, 1000), ['better', 'better', 'better', 'better']],
    ['worse in all', runs(200, 180, 4000, 1000), runs(200, 100, 9000, 5000), ['worse', 'worse', 'worse', 'worse']],
    [
      'better in success and worse in cost',
      runs(100, 50, 4000, 1000),
      runs(100, 90, 9000, 1000),
      ['better', 'worse', 'no_difference_shown', 'no_difference_shown'],
    ],
    [
      'the same',
      runs(60, 30, 4000, 1000),
      runs(60, 33, 4000, 1000),
      ['no_difference_shown', 'no_difference_shown', 'no_difference_shown', 'no_difference_shown'],
    ],
    ['few', runs(29, 29, 4000, 1000), runs(500, 0, 9000, 9000), ['too_few', 'too_few', 'too_few', 'too_few']],
    [
      'thirty, whose 90th percentile is not known',
      runs(30, 30, 4000, 1000),
      runs(30, 3, 9000, 5000),
      ['worse', 'worse', 'worse', 'too_few'],
    ],
    ['nothing', [], [], ['too_few', 'too_few', 'too_few', 'too_few']],
  ])('is %s', (_, a, b, wanted) => expect(verdicts(a, b)).toEqual(wanted))

  it('has exact means, and says what was left out', () => {
    const { a, b, differences } = compareRuns(side('v1', runs(3, 2, 10, 100, 2)), {
      ...side('v2', runs(2, 1, 9_007_199_254_740_993n, 50)),
      sampled: true,
    })
    expect(a).toMatchObject({
      value: 'v1',
      runs: 3,
      unfinished: 2,
      successes: 2,
      sampled: false,
      cost_avg_usd: '0.000000011',
    })
    expect(a).toMatchObject({ latency_p50_ms: 101, latency_p90_ms: 101 })
    // The cost of both is 9007199.254740993 and .254740994 only as integers.
    expect(b).toMatchObject({ runs: 2, successes: 1, sampled: true, cost_avg_usd: '9007199.254740994' })
    expect(differences.cost_avg_usd).toMatchObject({ difference: '9007199.254740983', low: null, verdict: 'too_few' })
  })

  it.each([
    ['nothing', [], []],
    ['one each', runs(1, 1, 1, 1), runs(1, 0, 1, 1)],
    ['many', runs(400, 200, 1, 1), runs(300, 299, 7, 70)],
  ])('is answered as the contract says: %s', (_, a, b) => {
    const compared = compareRuns(side('a', a), side('b', b))
    const place = { dimension: 'workflow_version', workflow: 'w', from: '', to: '', mixed: 0, scores: [] }
    expect(Comparison.parse({ ...place, ...compared })).toEqual({ ...place, ...compared })
  })
})
