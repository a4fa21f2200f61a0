import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BLOBS,
  BLOBS_MAX,
  DOUBLES,
  DOUBLES_MAX,
  INDEX_BYTES_MAX,
  type Double,
} from '../../workers/adapters/metrics/analytics-engine/columns.ts'
import {
  fitted,
  pointsOf,
  type MetricsPart,
  type Point,
} from '../../workers/adapters/metrics/analytics-engine/points.ts'
import { metricsSink } from '../../workers/adapters/metrics/analytics-engine/sink.ts'
import { KINDS } from '../../workers/contract/metrics.ts'
import { bucketOf, valueOf } from '../../workers/domain/histogram.ts'
import { GROUP_DIMENSIONS, type CountTuple, type MoneyTuple } from '../../workers/domain/rollup-row.ts'

/** The platform's limits, as its documentation states them and not as our code does. */
const LIMITS = { blobs: 20, doubles: 20, index_bytes: 96, blob_bytes: 16_000, points: 250 }

const bytes = (text: unknown) => new TextEncoder().encode(String(text)).length
const at = (point: AnalyticsEngineDataPoint, name: Double) => point.doubles?.[DOUBLES.indexOf(name)] ?? Number.NaN

/** Long, of characters that take one to four bytes, some of them halves. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc.tuple(fc.constantFrom('x', 'ß', 'ಠ', '🦊', '\ud83e', '\0', "'"), fc.nat(5000)).map(([unit, n]) => unit.repeat(n)),
)
const count = fc.nat(1_000_000)
const histogram = fc.dictionary(fc.integer({ min: -50, max: 500 }).map(String), fc.integer({ min: 1, max: 9999 }), {
  maxKeys: 40,
  noNullPrototype: true,
})
const countTuple = fc
  .tuple(fc.constantFrom(...KINDS), fc.array(hostile, { minLength: 12, maxLength: 12 }), count, histogram)
  .map(
    ([kind, texts, n, buckets]) => [kind, 1_790_000_000_000, ...texts, n, n, n, n, n, buckets] as unknown as CountTuple,
  )
const moneyTuple = fc
  .tuple(fc.constantFrom(...KINDS), fc.array(hostile, { minLength: 10, maxLength: 10 }), count)
  .map(([kind, texts, n]) => [kind, 1_790_000_000_000, ...texts, n, 1, 0, n, n, n, n, n] as unknown as MoneyTuple)
const part = fc.record({
  project_id: hostile,
  workspace_id: hostile,
  counts: fc.array(countTuple, { maxLength: 8 }),
  money: fc.array(moneyTuple, { maxLength: 8 }),
})
const org = fc.oneof(fc.stringMatching(/^org_[a-z0-9]{1,40}$/), hostile)

function written(orgs: readonly (readonly [string, MetricsPart[]])[], random = 0.5): AnalyticsEngineDataPoint[] {
  const points: AnalyticsEngineDataPoint[] = []
  const sink = metricsSink({ writeDataPoint: (point = {}) => void points.push(point) }, () => random)
  for (const [org_id, parts] of orgs) sink.add({ org_id }, parts)
  sink.flush()
  return points
}

describe('the points of one invocation', () => {
  it('have their columns', () => {
    expect(BLOBS.length).toBeLessThanOrEqual(Math.min(LIMITS.blobs, BLOBS_MAX))
    expect(DOUBLES.length).toBeLessThanOrEqual(Math.min(LIMITS.doubles, DOUBLES_MAX))
    expect(INDEX_BYTES_MAX).toBe(LIMITS.index_bytes)
    expect(BLOBS).toEqual(['kind', 'project_id', 'workspace_id', ...GROUP_DIMENSIONS])
  })

  it('stay within the limits of the platform, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(org, fc.array(part, { maxLength: 3 })), { maxLength: 8 }), (orgs) => {
        const points = written(orgs)
        expect(points.length).toBeLessThanOrEqual(LIMITS.points)
        for (const { blobs = [], doubles = [], indexes = [] } of points) {
          expect(indexes).toHaveLength(1)
          expect(bytes(indexes[0])).toBeLessThanOrEqual(LIMITS.index_bytes)
          expect(blobs).toHaveLength(BLOBS.length)
          expect(doubles).toHaveLength(DOUBLES.length)
          expect(doubles.every(Number.isFinite)).toBe(true)
          expect(blobs.reduce((sum: number, text) => sum + bytes(text), 0)).toBeLessThanOrEqual(LIMITS.blob_bytes)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('name their tenant whole, or are not written: an id that is cut could be another one', () => {
    const part: MetricsPart = { project_id: 'p', workspace_id: 'w', counts: [countOf('m', {})], money: [] }
    const fits = 'ಠ'.repeat(32)
    expect(written([[fits, [part]]]).map(({ indexes }) => indexes?.[0])).toEqual([fits])
    expect(written([[`${fits}x`, [part]]])).toEqual([])
  })

  it('hold every latency once, with its weight', () => {
    const latencies = [0, 3, 3, 250, 250, 250, 9000]
    const buckets: Record<string, number> = {}
    for (const latency of latencies) buckets[bucketOf(latency)] = (buckets[bucketOf(latency)] ?? 0) + 1
    const points = fitted(
      [pointsOf('org', { project_id: 'p', workspace_id: 'w', counts: [countOf('m', buckets)], money: [] })],
      250,
      0,
    )
    const weights = points.map((point) => [at(point, 'latency_ms'), at(point, 'latency_weight')])
    expect(weights.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))).toEqual(
      [...new Set(latencies.map(bucketOf))].map((bucket) => [valueOf(bucket), buckets[bucket]]),
    )
    expect(points.map(({ blobs }) => blobs?.[0])).toEqual(['llm', 'llm.latency', 'llm.latency', 'llm.latency'])
    expect(points.reduce((sum, point) => sum + at(point, 'n'), 0)).toBe(7)
  })
})

describe('users', () => {
  const NAMES = ['ann-4711', 'bob@example.com', 'ಠ-user']
  const moneyOf = (user: string, kind = 'llm', cost = 5): MoneyTuple =>
    [kind, 60_000, 'prod', 'a', '', '', '', 'p', 'm', '', '', user, cost, 1, 0, 10, 2, 0, 0, 1] as MoneyTuple
  const userCount = (user: string) =>
    ['user', 60_000, 'prod', '', '', '', '', '', '', '', '', user, '', '', 3, 0, 3, 9, 3, {}] as CountTuple
  const place = { project_id: 'p', workspace_id: 'w' }

  it('are in no point, whatever carries them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), fc.subarray(NAMES, { minLength: 1 }), (kind, users) => {
        const counts = [countOf('m', { 1: 1 })].concat(
          users.flatMap((user) => [userCount(user), countOf('m', { 5: 1 }).with(11, user).with(0, kind) as CountTuple]),
        )
        const points = written([['org', [{ ...place, counts, money: users.map((user) => moneyOf(user, kind)) }]]])
        expect(points.length).toBeGreaterThan(0)
        const user = BLOBS.indexOf('user_id')
        expect(points.filter(({ blobs }) => blobs?.[0] === 'user' || blobs?.[user] !== '')).toEqual([])
        for (const name of NAMES) expect(JSON.stringify(points)).not.toContain(name)
      }),
    )
  })

  it('cost no points: groups that only a user told apart are one, across the commits of an invocation', () => {
    const users = Array.from({ length: 300 }, (_, i) => `user-${i}`)
    const part = (some: string[]): MetricsPart => ({
      ...place,
      counts: some.map(userCount),
      money: some.map((user) => moneyOf(user)),
    })
    const points = written([['org', [part(users.slice(0, 100)), part(users.slice(100))]]])
    expect(points).toHaveLength(1)
    const [point = {}] = points
    expect(at(point, 'minute_ms')).toBe(60_000)
    expect(at(point, 'stands_for')).toBe(1)
    expect([at(point, 'cost_nanousd'), at(point, 'paid'), at(point, 'tokens_prompt')]).toEqual([1500, 300, 3000])
  })

  it('are all that is forgotten: minutes, models, latencies and tenants stay apart, and every sum stays', () => {
    const counts = [countOf('m', { 5: 2, 9: 1 }), countOf('m', { 5: 1 }), countOf('n', { 5: 4 })]
    const parts: MetricsPart[] = [
      { ...place, counts, money: [moneyOf('ann-4711'), moneyOf('bob').with(1, 120_000) as MoneyTuple] },
      { ...place, project_id: 'q', counts: [], money: [moneyOf('ann-4711')] },
    ]
    const points = written([
      ['org', parts],
      ['org_2', parts],
    ]).filter(({ indexes }) => indexes?.[0] === 'org')
    const rows = points.map((point) => [
      point.blobs?.[0],
      point.blobs?.[9],
      at(point, 'n'),
      at(point, 'latency_weight'),
    ])
    expect(rows).toEqual([
      ['llm', 'm', 4, 3],
      ['llm.latency', 'm', 0, 1],
      ['llm', 'n', 4, 4],
      ['llm', 'm', 0, 0],
      ['llm', 'm', 0, 0],
      ['llm', 'm', 0, 0],
    ])
    expect(points.reduce((sum, point) => sum + at(point, 'cost_nanousd'), 0)).toBe(15)
  })
})

describe('more points than an invocation may write', () => {
  it('are thinned to ones that weigh what they stand for: sums keep their expectation', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 60 }),
        (values, max) => {
          const every = Math.max(1, Math.ceil(values.length / Math.min(max, worth(values.length))))
          let total = 0
          for (let first = 0; first < every; first++) {
            const points = fitted([values.map(pointOf)], max, (first + 0.5) / every)
            expect(points.length).toBeLessThanOrEqual(max)
            for (const point of points) {
              expect(at(point, 'stands_for')).toBe(every)
              expect(at(point, 'minute_ms')).toBe(60_000)
              total += at(point, 'n')
            }
          }
          expect(total).toBe(every * values.reduce((a, b) => a + b, 0))
        },
      ),
    )
  })

  it('leave a small tenant whole beside a large one', () => {
    const small = Array.from({ length: 20 }, () => pointOf(1))
    const large = Array.from({ length: 5000 }, () => ({ ...pointOf(1), index: 'large' }))
    const points = fitted([large, small], LIMITS.points, 0.3)
    expect(points.length).toBeLessThanOrEqual(LIMITS.points)
    const own = points.filter(({ indexes }) => indexes?.[0] === 'org')
    expect(own.map((point) => at(point, 'stands_for'))).toEqual(small.map(() => 1))
    expect(points.length - own.length).toBeGreaterThan(200)
  })

  it('cost less: a large tenant writes one in sixteen beyond its first 32', () => {
    const counts = [1, 32, 34, 64, 250, 1000].map((n) => fitted([Array.from({ length: n }, () => pointOf(1))], 250, 0))
    expect(counts.map((points) => points.length)).toEqual([1, 32, 17, 32, 42, 91])
    expect(counts.map((points) => points.reduce((sum, point) => sum + at(point, 'n'), 0))).toEqual([
      1, 32, 34, 64, 252, 1001,
    ])
  })

  it('reach every tenant of an invocation, which has a hundred at most', () => {
    const lists = Array.from({ length: 100 }, (_, i) =>
      Array.from({ length: 300 }, () => ({ ...pointOf(1), index: `org_${i}` })),
    )
    const points = fitted(lists, LIMITS.points, 0)
    expect(points.length).toBeLessThanOrEqual(LIMITS.points)
    expect(new Set(points.map(({ indexes }) => indexes?.[0])).size).toBe(100)
  })
})

/** Of a list of this length. */
const worth = (n: number) => (n <= 32 ? n : 32 + Math.ceil((n - 32) / 16))

function pointOf(n: number): Point {
  return { index: 'org', blobs: BLOBS.map(() => ''), values: { n, minute_ms: 60_000 } }
}

function countOf(model: string, buckets: Record<string, number>): CountTuple {
  const n = Object.values(buckets).reduce((a, b) => a + b, 0)
  return ['llm', 60_000, '', '', '', '', '', '', model, '', '', '', '', '', n, 0, n, 0, n, buckets]
}
