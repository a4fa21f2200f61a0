import type { Instrumentation } from './model.ts'
import type { Stage } from './stages.ts'

export interface Version {
  name: string
  weight: number
  /** Median share of answers that a reviewer calls good. */
  quality: number
  /** Factor on the chance that something fails. */
  fragility: number
  stages: Stage[]
}

export interface Workflow {
  name: string
  weight: number
  agent: string
  channel: string
  instrumentation: Instrumentation
  versions: [Version, Version]
}
