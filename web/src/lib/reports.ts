import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import {
  RECIPIENTS_MAX,
  Report,
  type ReportCreate,
  type ReportTarget,
  type ReportTiming,
  type ReportUpdate,
} from '../../../workers/contract/report.ts'
import { orgPath, type Api } from './api.ts'
import { VIEW_TITLES } from './saved-views.ts'

export { RECIPIENTS_MAX }
export type { Report, ReportTarget, ReportTiming }
const Reports = Page(Report)

export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

/** What the pages ask about scheduled reports. */
export function reportsOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'reports', ...rest)
  return {
    list: async () => (await api.get(at(), Reports)).data,
    create: (input: z.input<typeof ReportCreate>) => api.post(at(), Report, input),
    update: (id: string, change: ReportUpdate) => api.patch(at(id), Report, change),
    remove: (id: string) => api.delete(at(id), Report),
    send: (id: string) => api.post(at(id, 'send'), Report),
    unsubscribe: (id: string) => api.post(at(id, 'unsubscribe'), Report),
  }
}

export const hourText = (hour: number): string => `${String(hour).padStart(2, '0')}:00`

/** Like “every Monday at 09:00”. */
export function timingWords(timing: ReportTiming): string {
  const at = `at ${hourText(timing.hour)}`
  if (timing.every === 'day') return `every day ${at}`
  if (timing.every === 'week') return `every ${WEEKDAYS[timing.weekday - 1] ?? 'week'} ${at}`
  return `on day ${timing.day} of each month ${at}`
}

/** What a report shows, in words: a dashboard by its name where that is known. */
export function targetWords(target: ReportTarget, dashboards: ReadonlyMap<string, string>): string {
  return target.kind === 'view' ? VIEW_TITLES[target.path] : (dashboards.get(target.dashboard_id) ?? 'a dashboard')
}

/** Where what a report shows is looked at. */
export function reportHref(org: string, target: ReportTarget): string {
  const path = target.kind === 'view' ? target.path : `dashboards/${encodeURIComponent(target.dashboard_id)}`
  return `/${org}/${path}${target.query === '' ? '' : `?${target.query}`}`
}

/** Whether its range moves with the days; of a range that is set by days every mail shows the same. */
export function isFixed({ query }: ReportTarget): boolean {
  const params = new URLSearchParams(query)
  return params.has('from') && params.has('to')
}
