import type { CanonicalEvent } from '../contract/event.ts'
import { canonicalise, rejection, type CanonicalContext } from '../domain/canonical.ts'
import { decodeLogs, flattenLogs } from '../domain/otlp/log-record.ts'
import { eventsOfLogs, type LogEvents } from '../domain/otlp/logs.ts'
import { bearsUsage, type Call } from './signals.ts'
import { readOtlp, type OtlpEncoding, type ParsedOtlp } from './otlp.ts'

/** The events of one record, and who else may tell of them. */
export interface JudgedLog extends Omit<LogEvents, 'index' | 'events'> {
  events: CanonicalEvent[]
}

export interface ParsedLogs extends ParsedOtlp {
  /** Of records that spans may tell as well; `events` holds those of the others. */
  retold: JudgedLog[]
  calls: Call[]
  leftOut: number
}

/** Log records to canonical events; a refused record keeps its neighbours. @throws AppError unreadable. */
export function parseLogs(body: Uint8Array, encoding: OtlpEncoding, context: CanonicalContext): ParsedLogs {
  const logs = readOtlp('logs', body, encoding, decodeLogs, flattenLogs)
  const { groups, leftOut } = eventsOfLogs(logs, context.keepContent)
  const parsed: ParsedLogs = { events: [], rejected: [], refused: 0, retold: [], calls: [], leftOut }
  for (const { index, events, ...about } of groups) {
    const outcomes = events.map((input) => canonicalise(input, context))
    const refused = outcomes.find((outcome) => !outcome.ok)
    if (refused && !refused.ok) {
      parsed.rejected.push(rejection(index, refused))
      parsed.refused++
      continue
    }
    const good = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.event] : []))
    for (const event of good) if (bearsUsage(event)) parsed.calls.push({ accounts: about.accounts, event })
    if (about.isRetold) parsed.retold.push({ ...about, events: good })
    else parsed.events.push(...good)
  }
  return parsed
}
