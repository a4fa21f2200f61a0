import { Retention, RetentionDays } from '../../../workers/contract/retention.ts'
import { projectPath, type Api } from './api.ts'

export { RetentionDays }
export type { Retention }

/** What the settings ask about how long a project's data are kept. */
export function retention(api: Api, project: string) {
  const path = projectPath(project, 'retention')
  return {
    read: () => api.get(path, Retention),
    set: (days: RetentionDays) => api.put(path, Retention, days),
  }
}

type Name = keyof RetentionDays

/** Each kind of data: what it is called, what it is, and the days that are offered. */
export const KEPT: { name: Name; label: string; about: string; days: number[] }[] = [
  {
    name: 'events_days',
    label: 'Events',
    about: 'What happened in each trace, with prompts and answers where they are kept; dead letters too.',
    days: [7, 30, 90, 180, 400],
  },
  {
    name: 'traces_days',
    label: 'Traces',
    about: 'One line a trace: when, who, which workflow, status, cost.',
    days: [30, 90, 180, 400, 800],
  },
  {
    name: 'metrics_days',
    label: 'Charts',
    about: 'Sums by hour and day: calls, errors, latency, tokens.',
    days: [90, 180, 400, 800, 1200],
  },
  {
    name: 'archive_days',
    label: 'Archive',
    about: 'Parquet files of all events, for your own tools.',
    days: [30, 90, 400, 800, 2555],
  },
]

/** `7 days`, `1 year`. */
export function daysText(days: number | null): string {
  if (days === null) return 'until somebody deletes them'
  return days === 1 ? '1 day' : `${days} days`
}

/** Kinds of data of which something would go that is kept now. */
export function shortened(before: RetentionDays, after: RetentionDays): Name[] {
  return KEPT.map(({ name }) => name).filter((name) => {
    const [old, next] = [before[name], after[name]]
    return next !== null && (old === null || next < old)
  })
}
