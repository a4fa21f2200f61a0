import type { ViewSpec } from '../panel.ts'
import { causes } from './causes.ts'
import { failingSteps } from './failing.ts'
import { requestRate } from './traffic.ts'

export const operations: ViewSpec = {
  id: 'operations',
  title: 'Operations',
  about: 'What fails now, where, and how far it spreads.',
  panels: [requestRate, failingSteps, causes],
}
