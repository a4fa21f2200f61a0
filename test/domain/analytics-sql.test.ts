import { describe, expect, it } from 'vitest'
import { ANALYTICS_KINDS } from '../../workers/adapters/metrics/analytics-engine/columns.ts'
import { statementsOf } from '../../workers/adapters/metrics/analytics-engine/sql.ts'
import { DIMENSIONS, MEASURES, MetricsQuery, STEPS } from '../../workers/contract/metrics.ts'
import { AppError } from '../../workers/domain/errors.ts'
import { planMetrics } from '../../workers/domain/metrics-plan.ts'
import { dialectFaults } from '../support/analytics-dialect.ts'
import { HOSTILE } from '../support/analytics-suite.ts'

const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const scope = { dataset: 'agentops_events', org_id: 'org_01', project_ids: ['prj_1', 'prj_2'] }
const ZONES = ['UTC', 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata', 'Australia/Lord_Howe']
const FILTERS: MetricsQuery['filters'][] = [
  [],
  ...HOSTILE.map((text): MetricsQuery['filters'] => [{ dimension: 'environment', op: 'eq', values: [text] }]),
  [
    { dimension: 'project_id', op: 'eq', values: ['prj_1', "x') OR (1=1"] },
    { dimension: 'environment', op: 'neq', values: ['a', ...HOSTILE.slice(0, 5)] },
  ],
]

/** Statements of a query, or none when it is refused. */
function sqlOf(query: Partial<MetricsQuery>): string[] {
  const days = query.step === 'minute' ? 0.2 : 40
  const full = MetricsQuery.parse({
    measures: ['count'],
    from: new Date(NOW - days * 86_400_000).toISOString(),
    to: new Date(NOW).toISOString(),
    ...(query.measures?.includes('latency_within_rate') && { within_ms: 1500.5 }),
    ...query,
  })
  try {
    return statementsOf(planMetrics(full, NOW), scope).map(({ sql }) => sql)
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_input') return []
    throw error
  }
}

describe('every statement is of the documented dialect and asks for one tenant', () => {
  it.each(ANALYTICS_KINDS)('of kind %s', (kind) => {
    const statements = new Set<string>()
    for (const step of STEPS) {
      for (const time_zone of step === 'day' ? ZONES : ['UTC']) {
        for (const measures of [[...MEASURES], ...MEASURES.map((measure) => [measure])]) {
          for (const dimensions of [[], ...DIMENSIONS.map((dimension) => [dimension])])
            for (const sql of sqlOf({ kind, step, time_zone, measures, dimensions })) statements.add(sql)
        }
        for (const filters of FILTERS)
          for (const sql of sqlOf({
            kind,
            step,
            time_zone,
            measures: ['count', 'cost_usd', 'latency_p90_ms'],
            filters,
          }))
            statements.add(sql)
      }
    }
    expect(statements.size).toBeGreaterThan(100)
    for (const sql of statements) expect(dialectFaults(sql, scope), sql).toEqual([])
  })

  it('with three dimensions and an order', () => {
    const statements = sqlOf({
      kind: 'llm',
      step: 'day',
      time_zone: 'Europe/Berlin',
      measures: ['count', 'cost_usd', 'latency_p99_ms'],
      dimensions: ['model', 'provider', 'status'],
      order: { by: 'model', direction: 'asc' },
    })
    expect(statements.length).toBeGreaterThan(1)
    for (const sql of statements) expect(dialectFaults(sql, scope), sql).toEqual([])
  })

  it('also where clocks change within the range', () => {
    const [sql = ''] = sqlOf({ step: 'day', time_zone: 'Europe/Berlin' })
    expect(sql).toMatch(/if\(floor\(double1 \/ 3600000\.0\) \* 3600000\.0 >= \d+, 3600000\.0, 7200000\.0\)/)
  })

  it('never holds a hostile character, whoever sends it', () => {
    const statements = statementsOf(
      planMetrics(
        MetricsQuery.parse({
          measures: ['count'],
          from: new Date(NOW - 9e8).toISOString(),
          to: new Date(NOW).toISOString(),
        }),
        NOW,
      ),
      { ...scope, org_id: "org' OR 'a'='a", project_ids: HOSTILE },
    )
    for (const { sql } of statements) {
      for (const text of HOSTILE) expect(sql).not.toContain(text)
      expect(sql).not.toMatch(/[\\"`;]|--|\/\*/)
      expect(sql.replace(/'[\w .:/@+=,-]*'/g, '')).not.toContain("'")
    }
  })

  it('asks for nothing when no project is named', () => {
    const query = MetricsQuery.parse({
      measures: ['count'],
      from: new Date(NOW - 9e8).toISOString(),
      to: new Date(NOW).toISOString(),
    })
    for (const { sql } of statementsOf(planMetrics(query, NOW), { ...scope, project_ids: [] }))
      expect(sql).toContain(' AND 1 = 0 AND ')
  })
})

describe('the check of the dialect finds', () => {
  const [good = ''] = sqlOf({
    measures: ['count'],
    dimensions: ['environment'],
    step: 'day',
    time_zone: 'Europe/Berlin',
  })

  it.each<[string, string | RegExp, string]>([
    ['CASE', /if\(.*?0\)\)/, 'CASE WHEN double1 > 1 THEN 1.0 ELSE 2.0 END)'],
    ['a JOIN', 'FROM agentops_events', 'FROM agentops_events JOIN other'],
    ['a UNION', 'FORMAT JSON', 'UNION SELECT 1\nFORMAT JSON'],
    ['a subquery', 'FROM agentops_events', 'FROM (SELECT 1)'],
    ['an unknown function', 'sum(double2 * _sample_interval) AS n', 'uniq(blob1) AS n'],
    ['countIf', 'sum(double2 * _sample_interval) AS n', 'countIf(double2 > 1) AS n'],
    ['a star', 'sum(double2 * _sample_interval) AS n', 'count(*) AS n'],
    ['a sum without its weight', 'sum(double2 * _sample_interval)', 'sum(double2)'],
    ['an integer beside a double', '7200000.0)', '0)'],
    ['an order by a column', 'ORDER BY n', 'ORDER BY double2'],
    ['no organization', "index1 IN ('org_01') AND ", ''],
    ['another organization', "index1 IN ('org_01')", "index1 IN ('org_02')"],
    ['an organization that may be left out', "index1 IN ('org_01') AND ", "index1 IN ('org_01') OR "],
    ['one project too many', "'prj_2')", "'prj_2', 'prj_3')"],
    ['no lower time bound', /timestamp >= toDateTime\(\d+\) AND /, ''],
    ['a backslash', "'prj_2'", "'prj\\2'"],
    ['a statement after it', 'FORMAT JSON', 'FORMAT JSON; SHOW TABLES'],
    ['a comment', 'FORMAT JSON', '-- x\nFORMAT JSON'],
  ])('%s', (_, from, to) => {
    const bad = good.replace(from, to)
    expect(bad).not.toBe(good)
    expect(dialectFaults(good, scope)).toEqual([])
    expect(dialectFaults(bad, scope)).not.toEqual([])
  })
})
