import { expect, it } from 'vitest'
import { readRaw } from '../../scripts/runtime/config.ts'
import { inRoot } from '../../scripts/runtime/paths.ts'

it('the api reads the dataset that the pipeline writes', () => {
  const api = readRaw(inRoot('workers/api/wrangler.toml')) as { vars: Record<string, string> }
  const pipeline = readRaw(inRoot('workers/pipeline/wrangler.toml')) as {
    analytics_engine_datasets: { binding: string; dataset: string }[]
  }
  expect(pipeline.analytics_engine_datasets).toEqual([{ binding: 'METRICS', dataset: api.vars.METRICS_DATASET }])
})
