import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import {
  Slo,
  SLO_ALERTS,
  SloCreate,
  SloDetail,
  type Indicator,
  type SloDay,
  type SloStatus,
  type SloUpdate,
} from '../../../workers/contract/slo.ts'
import { orgPath, type Api } from './api.ts'

export { SLO_ALERTS, SloCreate }
export type { Indicator, Slo, SloDay, SloDetail, SloStatus, SloUpdate }
const Slos = Page(Slo)

/** What the pages ask about objectives. */
export function slosOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'slos', ...rest)
  return {
    list: async () => (await api.get(at(), Slos)).data,
    read: (id: string) => api.get(at(id), SloDetail),
    create: (input: z.input<typeof SloCreate>) => api.post(at(), Slo, input),
    update: (id: string, change: SloUpdate) => api.patch(at(id), Slo, change),
    remove: (id: string) => api.delete(at(id), Slo),
  }
}
