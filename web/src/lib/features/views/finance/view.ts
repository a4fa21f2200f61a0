import type { ViewSpec } from '../panel.ts'
import { cacheByModel } from './cache.ts'
import { spendFigures } from './figures.ts'
import { spendOverTime } from './over-time.ts'
import { spendBy } from './spend-by.ts'
import { budgetVariance } from './variance.ts'

export const finance: ViewSpec = {
  id: 'finance',
  title: 'Finance',
  about: 'What was spent, by whom and on what, and how that compares with what was planned.',
  range: '30d',
  panels: [spendFigures, spendOverTime, spendBy, budgetVariance, cacheByModel],
}
