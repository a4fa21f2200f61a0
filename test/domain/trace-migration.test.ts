import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { bucketOf } from '../../workers/domain/histogram.ts'

const FOLDER = inRoot('migrations/data')
const HOUR_MS = 3_600_000

it('traces that were there before are summed by the migration as the job would', () => {
  const db = new DatabaseSync(':memory:')
  const files = readdirSync(FOLDER).sort()
  const run = (name: string) => db.exec(readFileSync(`${FOLDER}/${name}`, 'utf8'))
  for (const name of files.filter((file) => file < '0009')) run(name)
  const trace = db.prepare(
    `INSERT INTO trace VALUES ('p', ?1, ?2, 'o', ?1, ?1 + ?3, ?4, ?5, ?6, '', 'n', 'e', 'a', 'w', 'v', 'u', 's', '[]', '[]', 1, 0, 0, 0, 0, 0, 0, ?7, 3, 4, '[]', '[]')`,
  )
  const took = [0, 1, 999, 1000, 3_599_999]
  took.forEach((ms, i) => trace.run(HOUR_MS * 10 + i, `ok${i}`, ms, 1, 'ok', i === 0 ? 'failure' : '', 5))
  trace.run(HOUR_MS * 10 + 9, 'open', 50, 0, 'running', '', 7)
  trace.run(HOUR_MS * 11, 'next', 50, 1, 'error', '', 11)
  db.exec(`INSERT INTO rollup (org_id, kind, hour_ms, project_id, workspace_id, environment, agent_id, workflow_id, workflow_version, step, provider,
    model, prompt_version, tool_name, user_id, status, error_type, n, errors, successes, cost_nanousd, paid, unpriced, tokens_prompt,
    tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning, latency_sum_ms, latency_n, latency_hist)
    VALUES ('o', 'total', 0, 'p', 'ws', '', '', '', '', '', '', '', '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}')`)
  run('0009_outcomes.sql')
  const rows = db
    .prepare(
      `SELECT hour_ms, workspace_id, step, status, n, errors, successes, cost_nanousd, tokens_prompt, latency_sum_ms, latency_n, latency_hist
       FROM rollup WHERE kind = 'trace' ORDER BY hour_ms, status, step`,
    )
    .all()
    .map((row) => ({ ...row, latency_hist: JSON.parse(String(row['latency_hist'])) as unknown }))
  const row = (hour: number, step: string, status: string, n: number, more: Record<string, unknown>) => ({
    ...{ hour_ms: hour * HOUR_MS, workspace_id: 'ws', step, status, n, errors: 0, successes: 0, tokens_prompt: 3 * n },
    ...{ cost_nanousd: 5 * n, latency_sum_ms: 0, latency_n: n, latency_hist: {} },
    ...more,
  })
  const fine = took.slice(1)
  expect(rows).toEqual([
    row(10, '', 'ok', 4, {
      successes: 4,
      latency_sum_ms: fine.reduce((a, b) => a + b, 0),
      latency_hist: Object.fromEntries(
        fine.map((ms) => [bucketOf(ms), fine.filter((x) => bucketOf(x) === bucketOf(ms)).length]),
      ),
    }),
    row(10, 'failure', 'ok', 1, { latency_hist: { z: 1 } }),
    row(10, '', 'running', 1, { cost_nanousd: 7, latency_n: 0 }),
    row(11, '', 'error', 1, { errors: 1, cost_nanousd: 11, latency_sum_ms: 50, latency_hist: { [bucketOf(50)]: 1 } }),
  ])
})
