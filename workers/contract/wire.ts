import type { Status } from './event.ts'

/**
 * What one thing is that a client of another protocol reports. `trace`: a run as a whole, of clients that describe it
 * apart from what was done in it. `thread`: a conversation, which holds runs. `score`: what was said of a run.
 */
export type RunKind = 'llm' | 'tool' | 'agent' | 'step' | 'policy' | 'fallback' | 'retry' | 'trace' | 'thread' | 'score'

/** Disjoint parts within inclusive sums (domain/tokens.ts). */
export interface RunUsage {
  prompt: number
  completion: number
  total: number
  cached: number
  cacheWrite: number
  reasoning: number
  /** Of cacheWrite, prompt and completion; left out where they are nothing. */
  cacheWrite1h?: number
  audioPrompt?: number
  audioCompletion?: number
}

/** What is known of one thing, without content; absent is not told yet. Ids are the client's own. */
export interface RunFacts {
  id: string
  /** Told at its beginning: what is known from later messages stands. */
  create?: boolean
  trace?: string
  parent?: string
  kind?: RunKind
  name?: string
  /** Epoch milliseconds. */
  start_ms?: number
  end_ms?: number
  status?: Status
  error_type?: string
  provider?: string
  model?: string
  response_id?: string
  prompt_version?: string
  first_token_ms?: number
  usage?: RunUsage
  service_tier?: string
  cost_usd?: number
  agent_id?: string
  workflow_id?: string
  workflow_version?: string
  user_id?: string
  session_id?: string
  environment?: string
  /** Of a call of a model: the tools that it asked for; of a trace: those that any call of it asked for. */
  tools?: string[]
}

/** Which events of a run were made durable. */
export type RunMark = 'started' | 'ended' | 'paid' | 'retried'

/** All that is known of a run once a message was joined to what was known before. */
export interface KnownRun {
  /** With the trace that it belongs to, and the names of those that it belongs to. */
  facts: RunFacts & { trace: string }
  told: RunMark[]
  /** A call below it carries the usage that it sums up. */
  rolled: boolean
  /** The failed call of a model that this one came after, under the same parent. */
  after?: { model: string; attempt: number }
}

/** The part of LiveFeed's RPC that joins what a client tells of one run in several requests. */
export interface RunsRpc {
  /** Each once, in any order of arrival; answers in the order of `facts`. */
  joinRuns(client: string, facts: RunFacts[]): Promise<KnownRun[]>
  /** Called once the events are durable, so that a message that repeats them makes none. */
  tellRuns(client: string, marks: [id: string, marks: RunMark[]][]): Promise<void>
}
