import type { ViewSpec } from '../panel.ts'
import { adoption, outcomes, reach } from './adoption.ts'
import { comparison } from './comparison.ts'
import { qualityByVersion, qualityOverTime } from './quality.ts'
import { releases, successOverReleases, versions } from './regressions.ts'
import { sessions } from './sessions.ts'

export const product: ViewSpec = {
  id: 'product',
  title: 'Product',
  about: 'Who uses which workflow, what a good outcome costs, and what each release changed.',
  panels: [
    reach,
    sessions,
    adoption,
    successOverReleases,
    outcomes,
    comparison,
    versions,
    releases,
    qualityOverTime,
    qualityByVersion,
  ],
}
