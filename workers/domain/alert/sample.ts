import type { Group, Severity, Usual } from '../../contract/alert.ts'

/** What one evaluation found for one group of a rule. */
export interface Sample {
  group: Group
  /** In the unit of the measure; null where nothing came or nothing can be said. */
  value: number | null
  /** Null while all is well, and while nothing can be said. */
  severity: Severity | null
  usual: Usual | null
  /** Why nothing is judged: nothing came, too little came in the window, or too little history to compare with. */
  unknown: 'no_data' | 'too_few' | 'too_little_history' | null
  /** One sentence with numbers, units and the time compared with. */
  detail: string
}
