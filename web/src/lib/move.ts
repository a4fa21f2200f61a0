import { Move, MOVE_STEPS, MoveAnswer, MoveCreate } from '../../../workers/contract/move.ts'
import type * as z from 'zod'
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
  copy_alerts: 'Copying alerts',
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

const PHASES = [
  { name: 'Copy', until: 'copy_budget' },
  { name: 'Compare', until: 'verify_objects' },
  { name: 'Switch', until: 'open' },
  { name: 'Wait', until: 'wait' },
  { name: 'Delete', until: 'finish' },
] as const

/** The phases of a move, and where it is; null once there is nothing left to go through. */
export function phasesOf({ state, step }: Move): { name: string; at: 'past' | 'now' | 'next' }[] | null {
  if (state !== 'running' || step === 'undo') return null
  const now = PHASES.findIndex(({ until }) => MOVE_STEPS.indexOf(step) <= MOVE_STEPS.indexOf(until))
  return PHASES.map(({ name }, i) => ({ name, at: i < now ? 'past' : i === now ? 'now' : 'next' }))
}

const STORES: Record<string, string> = {
  batch: 'Batches of events',
  delta: 'Log of commits',
  ledger: 'Ledger',
  rollup: 'Metrics',
  trace: 'Traces',
  objects: 'Archive',
  budget: 'Budgets',
  audit: 'Audit log',
}

/** What was moved of each store, in words; stores that have nothing are left out. */
export function movedStores({ stores }: Move): (Move['stores'][number] & { label: string })[] {
  return stores
    .filter(({ copied, deleted }) => copied > 0 || deleted > 0)
    .map((one) => ({ ...one, label: STORES[one.store] ?? `Table ${one.store}` }))
}

/** How far a move is, in words. */
export function progressOf({ state, step }: Move): string {
  if (state === 'done') return 'Done'
  if (state === 'cancelled') return 'Cancelled'
  return state === 'stopped' ? 'Stopped; nothing was deleted' : STEPS[step]
}
