import type { Tenant } from '../../contract/tenant.ts'
import { ADJUSTMENT_MARK, type StandingEntry } from '../../domain/repricing.ts'
import { HOUR_MS } from '../../domain/rollup-merge.ts'
import type { StoredDelta } from '../../services/ingest/apply.ts'
import type { RepricingDeps, RepricingInput } from '../../services/repricing/port.ts'
import { deltaOf, SEQ, type DeltaRow } from './commit.ts'
import { saveStatement } from './job-store.ts'
import { jsonParts } from './json-rows.ts'

/** Rows of the ledger that one page walks over, and of these the entries that it answers. */
const SCANNED = 10_000
const ENTRIES = 1000

/** The adjustments of `l` follow it in the tree. */
const OWN = `a.project_id = l.project_id AND a.event_key > l.event_key || '${ADJUSTMENT_MARK}' AND a.event_key < l.event_key || '${ADJUSTMENT_MARK}${ADJUSTMENT_MARK}'`
const PAGE = `SELECT * FROM ledger WHERE project_id = ?1 AND event_key > ?2 AND event_key < ?3 ORDER BY event_key LIMIT ${SCANNED}`
const END = `SELECT count(*) AS n, max(event_key) AS last FROM (${PAGE})`
const STANDING = `SELECT * FROM (SELECT event_key, ts_ms, trace_id, span_id, kind, provider, model, tool_name, tokens_prompt,
    tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning, usage_parts, leak,
    (SELECT count(*) FROM ledger a WHERE ${OWN}) AS adjustments,
    cost_nanousd + coalesce((SELECT sum(a.cost_nanousd) FROM ledger a WHERE ${OWN}), 0) AS cost_nanousd,
    leak_nanousd + coalesce((SELECT sum(a.leak_nanousd) FROM ledger a WHERE ${OWN}), 0) AS leak_nanousd,
    coalesce((SELECT a.cost_source FROM ledger a WHERE ${OWN} ORDER BY a.event_key DESC LIMIT 1), cost_source) AS cost_source
  FROM (${PAGE}) l WHERE l.org_id = ?4 AND l.adjusts = '' AND l.ts_ms >= ?5 AND l.ts_ms < ?6
  AND l.provider = coalesce(?7, l.provider) AND l.model = coalesce(?8, l.model))
WHERE cost_source IN (SELECT value FROM json_each(?9)) ORDER BY event_key LIMIT ${ENTRIES}`

const COPIED = `org_id, workspace_id, ts_ms, trace_id, span_id, kind, environment, agent_id, workflow_id, workflow_version,
  step, provider, model, prompt_version, tool_name, user_id`
// OR FAIL: whoever books from an older state finds the key taken, and books nothing. Nobody books for a job that somebody
// else has written meanwhile; what follows is made of rows that carry this commit's id, and so of none.
const BOOK = `INSERT OR FAIL INTO ledger (project_id, event_key, ${COPIED}, cost_nanousd, cost_source, price_version, tokens_prompt,
  tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning, leak, leak_nanousd, adjusts, adjusts_source, commit_id)
SELECT l.project_id, k.value ->> 1, ${COPIED.replaceAll(/\w+/g, 'l.$&')}, k.value ->> 2, 'computed', k.value ->> 4, 0, 0, 0, 0, 0,
  l.leak, k.value ->> 3, l.event_key, k.value ->> 5, ?3
FROM json_each(?1) k CROSS JOIN ledger l ON l.project_id = ?2 AND l.event_key = k.value ->> 0
WHERE EXISTS (SELECT 1 FROM job WHERE org_id = ?4 AND id = ?5 AND version = ?6 AND ended_ms IS NULL)`

const booked = (keys: string, commitId: string, project: string) => `WITH fresh AS MATERIALIZED (
  SELECT l.* FROM json_each(${keys}) k CROSS JOIN ledger l ON l.project_id = ${project} AND l.event_key = k.value
  WHERE l.commit_id = ${commitId})`
const TRACES = `${booked('?1', '?2', '?3')}, paid AS (SELECT trace_id, sum(cost_nanousd) AS cost,
  sum(adjusts_source = 'unpriced') AS priced FROM fresh GROUP BY trace_id)
UPDATE trace SET cost_nanousd = trace.cost_nanousd + paid.cost, unpriced = trace.unpriced - paid.priced
FROM paid WHERE trace.project_id = ?3 AND trace.trace_id = paid.trace_id`
/** No call and no token is added: only money, and what had no price has one. */
const MONEY = `SELECT json_group_array(json_array(kind, minute, environment, agent_id, workflow_id, workflow_version, step, provider,
    model, prompt_version, tool_name, user_id, cost, 0, -priced, 0, 0, 0, 0, 0))
  FROM (SELECT kind, ts_ms / 60000 * 60000 AS minute, environment, agent_id, workflow_id, workflow_version, step, provider, model,
    prompt_version, tool_name, user_id, sum(cost_nanousd) AS cost, sum(adjusts_source = 'unpriced') AS priced
  FROM fresh GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
  UNION ALL SELECT 'leak', ts_ms / 60000 * 60000, environment, agent_id, workflow_id, workflow_version, step, provider, model,
    leak, tool_name, '', sum(leak_nanousd), 0 FROM fresh WHERE leak_nanousd <> 0 GROUP BY 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)`
const HOURS = `SELECT json_group_array(hour) FROM (SELECT DISTINCT t.sort_ms / ${HOUR_MS} * ${HOUR_MS} AS hour
  FROM (SELECT DISTINCT trace_id FROM fresh) k CROSS JOIN trace t ON t.project_id = ?5 AND t.trace_id = k.trace_id)`
const DELTA = `${booked('?4', '?1', '?5')} INSERT OR FAIL INTO delta (commit_id, seq, org_id, project_id, workspace_id, min_ms, max_ms,
  events, batches, counts, money, trace_hours)
SELECT ?1, ${SEQ}, ?3, ?5, max(workspace_id), min(ts_ms), max(ts_ms), 0, '[]', '[]', (${MONEY}), (${HOURS}) FROM fresh HAVING count(*) > 0
RETURNING org_id, project_id, workspace_id, commit_id, seq, money, guard, calls`

/** The ledger of one organization, as a repricing reads and adds to it. */
export function repricingStore(
  db: D1Database,
  tenant: Tenant,
  newCommitId: () => string,
  now: () => number,
): Pick<RepricingDeps, 'page' | 'commit'> {
  return {
    async page(input: RepricingInput, projectId, { end }, after) {
      const { from_ms, to_ms, provider, model, sources } = input
      const [ends, found] = (await db.batch([
        db.prepare(END).bind(projectId, after, end),
        db
          .prepare(STANDING)
          .bind(projectId, after, end, tenant.org_id, from_ms, to_ms, provider, model, JSON.stringify(sources)),
      ])) as [D1Result<{ n: number; last: string | null }>, D1Result<StandingEntry>]
      const entries = found.results
      const { n = 0, last = null } = ends.results[0] ?? {}
      const cut = entries.length === ENTRIES ? (entries.at(-1)?.event_key ?? null) : null
      return { entries, next: cut ?? (n === SCANNED ? last : null) }
    },
    async commit(job, cursor, projectId, adjustments): Promise<StoredDelta | null> {
      const commitId = newCommitId()
      const { org_id } = tenant
      const keys = JSON.stringify(adjustments.map(({ event_key }) => event_key))
      const rows = adjustments.map(
        ({ entry, event_key, cost_nanousd, leak_nanousd, price_version, adjusts_source }) => [
          ...[entry.event_key, event_key, cost_nanousd, leak_nanousd, price_version, adjusts_source],
        ],
      )
      const results = await db.batch<DeltaRow>([
        ...jsonParts(rows).map((part) => db.prepare(BOOK).bind(part, projectId, commitId, org_id, job.id, job.version)),
        db.prepare(TRACES).bind(keys, commitId, projectId),
        db.prepare(DELTA).bind(commitId, now(), org_id, keys, projectId),
        saveStatement(db, tenant, { ...job, cursor }, now()),
      ])
      const row = results.at(-2)?.results[0]
      return row === undefined ? null : deltaOf(row)
    },
  }
}
