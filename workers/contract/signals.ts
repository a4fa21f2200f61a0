import type { Tenant } from './tenant.ts'

/** Where a project's events belong. */
export interface ProjectPlace extends Tenant {
  workspace_id: string
  project_id: string
}

/** Signals of OTLP that tell of one call: the first of them that does is the one that counts. */
export type SignalRank = 'spans' | 'logs' | 'metrics'

/** An account is whose calls are told: a session of a client, or a service. In that hour (of epoch hours) calls of it were told. */
export interface Told {
  account: string
  hour: number
}

/** Calls of an account that ended after `from_ms` and until `to_ms` are paid by its metrics. */
export interface PaidStretch {
  account: string
  from_ms: number
  to_ms: number
}

/** Events of log records that spans may tell as well. */
export interface HeldEvents {
  account: string
  from_ms: number
  to_ms: number
  /** Canonical events, as JSON. */
  events: string[]
}

export type TokenField = 'prompt' | 'completion' | 'cached' | 'cacheWrite' | 'reasoning'

/** One data point of a counter or histogram. */
export interface Reading {
  /** What tells its series from all others. */
  series: string
  temporality: 'delta' | 'cumulative'
  /** Nanoseconds since the epoch, as digits; '0' where the start is not known. */
  start_ns: string
  time_ns: string
  value: number
  /** The count of tokens that it is, or the attribute that it becomes. */
  field: { tokens: TokenField } | { attribute: string }
}

/** Readings that become one event. */
export interface MeterGroup {
  account: string
  /** The canonical event without counts, as JSON. */
  template: string
  /** Prompts leave out what was read from and written into a cache. */
  cache_apart: boolean
  /** Completions leave out reasoning. */
  reasoning_apart: boolean
  readings: Reading[]
}

/** An account as it is kept. */
export interface AccountRow extends Record<string, string | number> {
  account: string
  /** JSON. */
  state: string
  seen_ms: number
}

/** Events that wait, as they are kept. */
export interface HeldRow extends Record<string, string | number> {
  id: string
  account: string
  rank: string
  from_ms: number
  to_ms: number
  due_ms: number
  /** 1 once it is decided that they are sent. */
  sending: number
  /** JSON of a ProjectPlace, and of an array of events that are JSON. */
  place: string
  events: string
}

/** All that is kept of a project's signals. */
export interface SignalRows {
  accounts: AccountRow[]
  held: HeldRow[]
}

/** The part of LiveFeed's RPC that lets one call be paid from one signal. */
export interface SignalsRpc {
  /** Calls are told; answers which of their accounts' calls are paid already. */
  heard(rank: Exclude<SignalRank, 'metrics'>, told: Told[]): Promise<PaidStretch[]>
  /** Durable when it resolves; sent on after a while unless spans tell the same. `id` is the request's own. */
  hold(place: ProjectPlace, id: string, held: HeldEvents[]): Promise<void>
  /** The same for what counters counted since they were last read, unless spans or logs tell it. */
  meter(place: ProjectPlace, id: string, groups: MeterGroup[]): Promise<void>
}
