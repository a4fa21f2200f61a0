import { DAY_MS, HOUR_MS, isWeekend } from './calendar.ts'

/** Both incidents come back every 30 days, so that a month of history holds each of them once. */
const CYCLE_DAYS = 30
const OUTAGE = { day: 7, fromHour: 13.2, toHour: 15.7 }
const BAD_RELEASE = { day: 19, fromHour: 9, toHour: 16.5 }

export const OUTAGE_PROVIDER = 'anthropic'
export const BAD_WORKFLOW = 'ticket-triage'
export const BAD_VERSION = 'v2'

function within(atMs: number, incident: typeof OUTAGE): boolean {
  const today = Math.floor(atMs / DAY_MS)
  let day = today - (today % CYCLE_DAYS) + incident.day
  // Releases and trouble come on working days.
  while (isWeekend(day)) day++
  const hour = (atMs % DAY_MS) / HOUR_MS
  return today === day && hour >= incident.fromHour && hour < incident.toHour
}

/** A provider that is overloaded: its calls fail, agents retry and fall back to another model. */
export function isProviderOutage(atMs: number, provider: string): boolean {
  return provider === OUTAGE_PROVIDER && within(atMs, OUTAGE)
}

/** A release whose output no longer fits the tool that takes it. */
export function isBadRelease(atMs: number, workflow: string, version: string): boolean {
  return workflow === BAD_WORKFLOW && version === BAD_VERSION && within(atMs, BAD_RELEASE)
}
