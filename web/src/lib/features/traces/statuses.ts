import { STATUSES } from '../../../../../workers/contract/event.ts'

/** A trace has the status of its request; `running` until that has ended. */
export const EVENT_STATUSES = [...STATUSES, 'running'] as const
