import type { TraceEvent } from '../../../../../workers/contract/trace.ts'

/** What a span is drawn as. `mark`: only point events carry its id. `absent`: a parent that never came. */
export type SpanKind = 'request' | 'llm' | 'step' | 'tool' | 'mark' | 'absent'
export type MarkKind = 'retry' | 'fallback' | 'policy' | 'budget'

export interface Mark {
  kind: MarkKind
  at_ms: number
  text: string
}

export interface SpanTokens {
  prompt: number
  cached: number
  cache_write: number
  completion: number
  reasoning: number
}

export interface SpanError {
  type: string
  class: string
  raw: string
  message: string
  hash: string
}

/** One span of a trace, put together from the events that carry its id. */
export interface Span {
  id: string
  parent_id: string | null
  kind: SpanKind
  name: string
  start_ms: number
  /** Null while no event has ended it. */
  end_ms: number | null
  duration_ms: number | null
  status: string
  error: SpanError | null
  model: string
  provider: string
  /** Own cost; null when no event of it bears any. */
  cost_nanousd: bigint | null
  unpriced: boolean
  /** Where the own cost came from, as the events say. */
  cost_sources: string[]
  tokens: SpanTokens | null
  marks: Mark[]
  events: TraceEvent[]
  /** The parent's id forms a loop, so the span is shown at the top. */
  cycle: boolean
  /** By how much it starts before its parent: two clocks that differ. */
  skew_ms: number
}
