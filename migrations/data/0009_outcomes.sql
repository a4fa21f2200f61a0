-- The hours in which the traces began that a commit added or changed: JSON array of epoch milliseconds. Their rows of
-- kind `trace` are made anew from the trace table.
ALTER TABLE delta ADD COLUMN trace_hours TEXT;

-- When the outcome of a trace was said to be what it is, by somebody who revised it; 0 where it is what the run told.
ALTER TABLE trace ADD COLUMN outcome_revised_ms INTEGER NOT NULL DEFAULT 0;

-- Traces that began before this may have been removed, so that hours before it are not made anew.
ALTER TABLE retention ADD COLUMN traces_from_ms INTEGER NOT NULL DEFAULT 0;

-- Traces that were there before their hours were summed (workers/adapters/d1/trace-sums.ts has the same sums).
INSERT INTO rollup (org_id, kind, hour_ms, project_id, workspace_id, environment, agent_id, workflow_id, workflow_version,
  step, provider, model, prompt_version, tool_name, user_id, status, error_type, n, errors, successes, cost_nanousd, paid,
  unpriced, tokens_prompt, tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning, latency_sum_ms, latency_n,
  latency_hist)
SELECT org_id, 'trace', hour_ms, project_id, workspace_id, environment, agent_id, workflow_id, workflow_version, outcome,
  '', '', '', '', '', status, error_type, sum(n), sum(errors), sum(successes), sum(cost_nanousd), 0, sum(unpriced),
  sum(tokens_prompt), sum(tokens_completion), 0, 0, 0, sum(latency_sum_ms), sum(latency_n),
  json_group_object(bucket, latency_n) FILTER (WHERE bucket IS NOT NULL)
FROM (
  SELECT org_id, hour_ms, project_id, workspace_id, environment, agent_id, workflow_id, workflow_version, outcome, status,
    error_type, bucket, count(*) AS n, sum(status IN ('error', 'blocked')) AS errors,
    sum(complete = 1 AND status = 'ok' AND outcome <> 'failure') AS successes, sum(cost_nanousd) AS cost_nanousd,
    sum(unpriced) AS unpriced, sum(tokens_prompt) AS tokens_prompt, sum(tokens_completion) AS tokens_completion,
    sum(iif(complete = 1, took_ms, 0)) AS latency_sum_ms, sum(complete = 1) AS latency_n
  FROM (
    SELECT t.*, t.sort_ms / 3600000 * 3600000 AS hour_ms, max(0, t.ended_ms - t.started_ms) AS took_ms,
      coalesce((SELECT l.workspace_id FROM ledger l WHERE l.project_id = t.project_id LIMIT 1),
        (SELECT r.workspace_id FROM rollup r WHERE r.org_id = t.org_id AND r.project_id = t.project_id LIMIT 1)) AS workspace_id,
      CASE WHEN t.complete = 0 THEN NULL WHEN t.ended_ms <= t.started_ms THEN 'z'
        ELSE CAST(CAST(ceil(ln(t.ended_ms - t.started_ms) / 0.040005334613699206 - 1e-9) AS INTEGER) AS TEXT) END AS bucket
    FROM trace t)
  WHERE workspace_id IS NOT NULL
  GROUP BY org_id, hour_ms, project_id, workspace_id, environment, agent_id, workflow_id, workflow_version, outcome, status,
    error_type, bucket)
GROUP BY org_id, hour_ms, project_id, workspace_id, environment, agent_id, workflow_id, workflow_version, outcome, status,
  error_type;
