import type { CanonicalEvent } from '../contract/event.ts'
import type { Leaked } from './leak.ts'
import type { Priced } from './ledger.ts'
import { kindOf } from './rollup.ts'
import { minuteOf, type MoneyTuple } from './rollup-row.ts'

/** Places of the measures in a MoneyTuple. */
const MEASURES_FROM = 12

/** Sums of what ledger entries cost, by kind, minute and dimensions. */
export type MoneyGroups = Map<string, MoneyTuple>

/** Adds one ledger entry. */
export function addMoney(groups: MoneyGroups, event: CanonicalEvent, priced: Priced): void {
  const kind = kindOf(event)
  if (kind === null) return
  addTo(groups, [
    kind,
    minuteOf(event.timestamp),
    event.environment ?? '',
    event.agent_id ?? '',
    event.workflow_id ?? '',
    event.workflow_version ?? '',
    event.step ?? '',
    event.provider ?? '',
    event.model ?? '',
    event.prompt_version ?? '',
    event.tool_name ?? '',
    event.user_id ?? '',
    priced.cost_nanousd,
    1,
    priced.cost_source === 'unpriced' ? 1 : 0,
    event.tokens_prompt ?? 0,
    event.tokens_completion ?? 0,
    event.tokens_cached ?? 0,
    event.tokens_cache_write ?? 0,
    event.tokens_reasoning ?? 0,
  ])
}

/** Adds what of a ledger entry leaked, beside what the entry cost; users are not told apart. */
export function addLeak(groups: MoneyGroups, event: CanonicalEvent, { leak, nanousd }: Leaked): void {
  addTo(groups, [
    'leak',
    minuteOf(event.timestamp),
    event.environment ?? '',
    event.agent_id ?? '',
    event.workflow_id ?? '',
    event.workflow_version ?? '',
    event.step ?? '',
    event.provider ?? '',
    event.model ?? '',
    leak,
    event.tool_name ?? '',
    '',
    nanousd,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
  ])
}

function addTo(groups: MoneyGroups, tuple: MoneyTuple): void {
  // An id that holds a NUL could only mix groups of its own project.
  const key = tuple.slice(0, MEASURES_FROM).join('\0')
  const sum = groups.get(key)
  if (sum === undefined) groups.set(key, tuple)
  else for (let i = MEASURES_FROM; i < tuple.length; i++) sum[i] = (sum[i] as number) + (tuple[i] as number)
}

/** Whether every sum is exact; past 2^53 only integers of the database are. */
export function isExact(groups: Iterable<MoneyTuple>): boolean {
  for (const tuple of groups) {
    for (let i = MEASURES_FROM; i < tuple.length; i++) if (!Number.isSafeInteger(tuple[i])) return false
  }
  return true
}
