import type { ReportTiming } from '../../reports.ts'

/** What the fields of a form say; the server checks it. */
export function timingIn(form: FormData): ReportTiming {
  const number = (name: string) => Number(form.get(name) ?? Number.NaN)
  const hour = number('hour')
  const every = form.get('every')
  if (every === 'week') return { every, weekday: number('weekday'), hour }
  return every === 'month' ? { every, day: number('day'), hour } : { every: 'day', hour }
}
