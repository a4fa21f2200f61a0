import { Move, MoveAnswer, MoveCreate } from '../../../workers/contract/move.ts'
import type { z } from 'zod'
import { orgPath, type Api } from './api.ts'

export { MoveCreate }
export type { Move }

/** What the settings ask about moving an organization. */
export function moving(api: Api, org: string) {
  return {
    newest: async () => (await api.get(orgPath(org, 'move'), MoveAnswer)).move,
    start: (input: z.infer<typeof MoveCreate>) => api.post(orgPath(org, 'move'), Move, input),
    cancel: () => api.post(orgPath(org, 'move', 'cancel'), Move),
  }
}

const STEPS: Record<Move['step'], string> = {
  prepare: 'Preparing',
  copy_tables: 'Copying events and ledger',
  copy_objects: 'Copying archive',
  catch_up: 'Copying what came since',
  freeze: 'New events wait for the switch',
  last_changes: 'Copying the last changes',
  copy_rest: 'Copying the last changes',
  last_objects: 'Copying the last changes',
  copy_budget: 'Copying budgets',
  verify_tables: 'Comparing rows and money',
  verify_objects: 'Comparing objects',
  copy_audit: 'Copying the audit log',
  switch: 'Switching',
  open: 'Handing over what waited',
  wait: 'Switched; waiting until nobody remembers the old place',
  drain: 'Handing over what came last',
  delete_tables: 'Deleting where it was',
  delete_objects: 'Deleting where it was',
  scan: 'Looking for what is left',
  finish: 'Finishing',
  undo: 'Taking the copy away',
}

/** How far a move is, in words. */
export function progressOf({ state, step }: Move): string {
  if (state === 'done') return 'Done'
  if (state === 'cancelled') return 'Cancelled'
  return state === 'stopped' ? 'Stopped; nothing was deleted' : STEPS[step]
}
