import type { PanelSpec } from '../panel.ts'
import { leaks } from './leaks.ts'
import { agentsWorth, unitEconomics } from './units.ts'
import { dearestWorkflows } from './workflows.ts'

/** What the overview shows below its headline. */
export const EXECUTIVE_PANELS: readonly PanelSpec[] = [unitEconomics, leaks, agentsWorth, dearestWorkflows]
