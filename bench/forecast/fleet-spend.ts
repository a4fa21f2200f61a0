import { DAY_MS, HOUR_MS, startsOfHour } from '../../examples/fleet/calendar.ts'
import type { Trace } from '../../examples/fleet/model.ts'
import { simulate } from '../../examples/fleet/simulate.ts'
import { bundledBook } from '../../workers/adapters/prices/bundled.ts'
import { costNanousd } from '../../workers/domain/price.ts'

/** Spend in nano-dollars by UTC hour since 1970, by the scope it counts for. */
export type Spend = Map<string, Map<number, number>>

export interface World {
  seed: number
  fromDay: number
  days: number
  /** Weekly mean of traces a day; may change with time. */
  perDay: (day: number) => number
}

/** What the demo's fleet would have spent: its own calendar, workflows, incidents and prices. */
export function fleetSpend({ seed, fromDay, days, perDay }: World): Spend {
  const spend: Spend = new Map()
  for (let hour = fromDay * 24; hour < (fromDay + days) * 24; hour++) {
    const starts = startsOfHour(hour * HOUR_MS, perDay(Math.floor((hour * HOUR_MS) / DAY_MS)), seed)
    for (const [i, startMs] of starts.entries()) add(spend, simulate(startMs, seed, i), hour)
  }
  return spend
}

function add(spend: Spend, trace: Trace, hour: number): void {
  const cost = costOf(trace)
  for (const scope of ['org', `agent ${trace.agent}`, `workflow ${trace.workflow}`]) {
    const hours = spend.get(scope) ?? new Map<number, number>()
    spend.set(scope, hours.set(hour, (hours.get(hour) ?? 0) + cost))
  }
}

/** As the pipeline prices it: what the provider reports, else the catalogue; nothing where neither knows. */
function costOf({ spans }: Trace): number {
  let cost = 0
  for (const span of spans) {
    if (span.kind === 'tool') cost += Math.round((span.asked?.usd ?? 0) * 1e9)
    if (span.kind !== 'llm' || span.tokens === undefined) continue
    const { prompt, completion, cached, cacheWrite } = span.tokens
    const { provider, model, reports } = span.model
    if (reports) cost += Math.round((prompt * reports.input + completion * reports.output) * 1000)
    else {
      const rates = bundledBook.rates(provider, model, span.startMs)
      if (rates !== null) cost += costNanousd({ prompt, completion, cached, cacheWrite }, rates) ?? 0
    }
  }
  return cost
}
