import { FAILURES } from '../../../workers/contract/failure.ts'

/** The class of a type of error in the failure taxonomy; `unknown` for what that does not name. */
export function classOf(type: string): string {
  return Object.hasOwn(FAILURES, type) ? FAILURES[type as keyof typeof FAILURES] : 'unknown'
}
