import type { ViewSpec } from '../panel.ts'
import { adoption, outcomes, reach } from './adoption.ts'
import { qualityByVersion, qualityOverTime } from './quality.ts'
import { releases, successOverReleases, versions } from './regressions.ts'

export const product: ViewSpec = {
  id: 'product',
  title: 'Product',
  about: 'Who uses which workflow, what a good outcome costs, and what each release changed.',
  panels: [reach, adoption, outcomes, successOverReleases, releases, versions, qualityOverTime, qualityByVersion],
}
