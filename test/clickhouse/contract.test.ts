import { describe, it } from 'vitest'
import { analyticsContract } from '../support/analytics-suite.ts'
import { clickhouseEngine } from './engine.ts'

const makeEngine = clickhouseEngine()

if (makeEngine === null) {
  const how = 'NOT RUN: ClickHouse is not installed. `npm install --prefix test/clickhouse` (546 MB) brings it.'
  console.warn(`\n${how}\nThe same contract runs on SQLite in test/domain/analytics-store.test.ts.\n`)
  it.skip(how, () => {})
} else {
  describe('MetricsStore on Analytics Engine, its SQL evaluated by ClickHouse', () => analyticsContract(makeEngine))
}
