import type { Api } from '$lib/api.ts'
import { settle, type Loaded } from '$lib/loaded.ts'
import { orgTelemetry } from '$lib/telemetry.ts'
import { seenQuery, shapeSeen, type Seen } from './seen.ts'

const FRESH_MS = 5 * 60_000

/** Of each organization; this module is loaded in browsers only, where one person sits. */
const answers = new Map<string, { at_ms: number; answer: Promise<Loaded<Seen[]>> }>()

/** Agents and workflows of the last seven days, asked at most every five minutes; what failed is asked anew. */
export function seenLately(api: Api, org: string, again = false): Promise<Loaded<Seen[]>> {
  const now = Date.now()
  const kept = answers.get(org)
  if (kept && !again && now - kept.at_ms < FRESH_MS) return kept.answer
  const answer = settle(orgTelemetry(api, org).metrics(seenQuery(now)).then(shapeSeen))
  answers.set(org, { at_ms: now, answer })
  void answer.then(({ ok }) => {
    if (!ok && answers.get(org)?.answer === answer) answers.delete(org)
  })
  return answer
}
