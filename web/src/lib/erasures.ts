import { Page } from '../../../workers/contract/api.ts'
import { Erasure, ErasureCreate, ErasureCreated } from '../../../workers/contract/erasure.ts'
import { orgPath, type Api } from './api.ts'

export { ErasureCreate }
export type { Erasure }
const Erasures = Page(Erasure)

/** What the settings ask about erasing people. */
export function erasures(api: Api, org: string) {
  const path = orgPath(org, 'erasures')
  return {
    list: () => api.get(path, Erasures),
    start: (user_id: string) => api.post(path, ErasureCreated, { user_id }),
  }
}

/** Where a browser takes the certificate from. */
export const certificateHref = (org: string, id: string) => `${orgPath(org, 'erasures', id)}/certificate`

const STEPS: Record<Erasure['step'], string> = {
  wait: 'Waiting for events that were accepted before',
  tables: 'Searching traces, ledger and rollups',
  objects: 'Searching archive, journal and dead letters',
  actors: 'Searching live feed and budgets',
  settle: 'Waiting for what was being written',
  check_tables: 'Searching everything once more',
  check_objects: 'Searching everything once more',
  check_actors: 'Searching everything once more',
  certify: 'Signing the certificate',
}

/** How far an erasure is, in words. */
export function erasureProgress({ state, step, stores }: Erasure): string {
  if (state === 'running') return STEPS[step]
  const changed = stores.reduce((sum, store) => sum + store.changed + store.removed, 0)
  return changed === 0 ? 'Nothing named them' : `Taken out of ${changed.toLocaleString('en')} places`
}
