import { describe } from 'vitest'
import { sqliteEngine } from '../support/analytics-engine.ts'
import { analyticsContract } from '../support/analytics-suite.ts'

describe('MetricsStore on Analytics Engine, its SQL evaluated by SQLite', () => analyticsContract(sqliteEngine))
