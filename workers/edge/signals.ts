import type { CanonicalEvent } from '../contract/event.ts'
import type { HeldEvents, MeterGroup, PaidStretch, ProjectPlace, SignalRank, Told } from '../contract/signals.ts'
import type { KeyRecord } from '../contract/tenant.ts'
import { AppError } from '../domain/errors.ts'
import { HOUR_MS, isPaid } from '../domain/otlp/meter.ts'
import { sha256, signalsOf } from './deps.ts'
import type { Env } from './env.ts'

/** A call of a model, and whose it is. */
export interface Call {
  accounts: string[]
  event: CanonicalEvent
}

/** A request's key and body, which tell it from others. */
interface Identified {
  key: KeyRecord
  body: Uint8Array
}

const RETRY_SECONDS = 2
const HEARD_MAX = 10_000

/** By project, account, hour and rank: what of it is paid by metrics, which changes no more once calls are told. */
const heard = new Map<string, PaidStretch[]>()

export function bearsUsage({ event_type, model, tokens_total }: CanonicalEvent): boolean {
  return event_type === 'agent.step.completed' && model !== undefined && (tokens_total ?? 0) > 0
}

/**
 * Lets the project know that a signal tells calls, once an hour for each account, and takes the usage off those that
 * are paid by metrics already. @throws AppError unavailable: nothing was accepted.
 */
export async function tellCalls(
  env: Env,
  key: KeyRecord,
  rank: Exclude<SignalRank, 'metrics'>,
  calls: readonly Call[],
): Promise<void> {
  const paid: PaidStretch[] = []
  const news = new Map<string, Told>()
  for (const { accounts, event } of calls)
    for (const account of accounts) {
      const hour = Math.floor(event.timestamp / HOUR_MS)
      const id = JSON.stringify([key.cell, key.project_id, account, hour, rank])
      if (!heard.has(id)) news.set(id, { account, hour })
    }
  if (news.size > 0) {
    const told = [...news.values()]
    const answer = await orRetry(signalsOf(env, key).heard(rank, told))
    if (heard.size + news.size > HEARD_MAX) heard.clear()
    for (const [id, { account }] of news)
      heard.set(
        id,
        answer.filter((stretch) => stretch.account === account),
      )
  }
  for (const { accounts, event } of calls)
    for (const account of accounts) {
      const id = JSON.stringify([key.cell, key.project_id, account, Math.floor(event.timestamp / HOUR_MS), rank])
      paid.push(...(heard.get(id) ?? []))
    }
  if (paid.length === 0) return
  for (const { accounts, event } of calls)
    if (accounts.some((account) => isPaid(paid, account, event.timestamp))) withoutUsage(event)
}

/** What it used stays to be seen; it is counted by the counters. */
function withoutUsage(event: CanonicalEvent): void {
  const { tokens_prompt, tokens_completion, cost_nanousd } = event
  event.attributes = { ...event.attributes, 'agentops.paid_by': 'metrics', tokens_prompt, tokens_completion }
  if (cost_nanousd !== undefined) event.attributes.cost_nanousd = cost_nanousd
  delete event.tokens_prompt
  delete event.tokens_completion
  delete event.tokens_total
  delete event.tokens_cached
  delete event.tokens_cache_write
  delete event.tokens_reasoning
  delete event.cost_nanousd
}

/** Keeps events of records that spans may tell as well. @throws AppError unavailable. */
export async function holdLogs(
  env: Env,
  { key, body }: Identified,
  retold: readonly { accounts: string[]; events: CanonicalEvent[] }[],
): Promise<void> {
  if (retold.length === 0) return
  const accounts = Map.groupBy(retold, (one) => one.accounts[0] ?? '')
  const held = [...accounts].map(([account, groups]): HeldEvents => {
    const events = groups.flatMap((group) => group.events)
    const times = events.map(({ timestamp }) => timestamp)
    const [from_ms, to_ms] = [Math.min(...times), Math.max(...times)]
    return { account, from_ms, to_ms, events: events.map((event) => JSON.stringify(event)) }
  })
  await orRetry(signalsOf(env, key).hold(placeOf(key), `logs/${sha256(body)}`, held))
}

/** Reads counters on. @throws AppError unavailable. */
export async function meterPoints(env: Env, { key, body }: Identified, groups: MeterGroup[]): Promise<void> {
  if (groups.length > 0) await orRetry(signalsOf(env, key).meter(placeOf(key), `metrics/${sha256(body)}`, groups))
}

function placeOf({ org_id, workspace_id, project_id, cell, shard }: KeyRecord): ProjectPlace {
  return { org_id, workspace_id, project_id, cell, shard }
}

async function orRetry<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking
  } catch (error) {
    throw new AppError('unavailable', 'The batch could not be stored and was not accepted. Send it again.', {
      cause: error,
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
}
