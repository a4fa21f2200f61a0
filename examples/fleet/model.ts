/** What a simulated trace is made of, before it becomes events or spans. */

/** The failure taxonomy's names, as an agent's author would use them. */
export type FailureName =
  | 'timeout'
  | 'rate_limit'
  | 'quota_exceeded'
  | 'auth_failed'
  | 'invalid_json'
  | 'tool_selection_error'
  | 'unsafe_output'
  | 'tool_timeout'
  | 'tool_contract_mismatch'
  | 'dependency_unavailable'
  | 'tool_runtime'
  | 'loop_detected'
  | 'missing_context'
  | 'bad_routing'
  | 'validation'
  | 'policy_blocked'
  | 'approval_timeout'
  | 'budget_exceeded'
  | 'unknown'

export interface Failure {
  name: FailureName
  /** How this client spells it on the wire: a name, an HTTP code or an exception. */
  raw: string
  message: string
}

export interface Model {
  provider: string
  model: string
  /** The provider's name in the OpenTelemetry conventions. */
  otelProvider: string
  tokensPerSecond: number
  firstTokenMs: number
  /** US dollars per million input and output tokens, for a provider that reports its own cost. */
  reports?: { input: number; output: number }
}

export interface Tokens {
  prompt: number
  completion: number
  cached: number
  cacheWrite: number
  reasoning: number
}

interface SpanBase {
  id: string
  parent: string
  startMs: number
  endMs: number
  failure?: Failure
}
export interface LlmSpan extends SpanBase {
  kind: 'llm'
  step: string
  model: Model
  promptVersion: string
  /** Absent when the provider refused before it answered. */
  tokens?: Tokens
  firstTokenMs?: number
  /** 1 for the first. */
  attempt: number
}
export interface StepSpan extends SpanBase {
  kind: 'step'
  step: string
}
export interface ToolSpan extends SpanBase {
  kind: 'tool'
  tool: string
  host?: string
  /** 1 for the first. */
  attempt: number
  /** Of a tool that has a price: a hash of what it was asked, and what that cost in US dollars. */
  asked?: { hash: string; usd: number }
}
export type Span = LlmSpan | StepSpan | ToolSpan

/** Something that happens at a moment of a span. */
export type Mark =
  | {
      kind: 'retry'
      atMs: number
      span: string
      attempt: number
      step: string
      model?: Model
      tool?: string
      failure: Failure
    }
  | { kind: 'fallback'; atMs: number; span: string; step: string; from: Model; to: Model }
  | { kind: 'policy'; atMs: number; span: string; policy: string; result: 'allow' | 'block' | 'escalate' }
  | { kind: 'threshold'; atMs: number; span: string; percent: number }

export interface Trace {
  id: string
  rootSpan: string
  agent: string
  workflow: string
  version: string
  environment: string
  user: string
  session: string
  startMs: number
  endMs: number
  status: 'ok' | 'error' | 'blocked' | 'cancelled'
  outcome: 'success' | 'failure'
  failure?: Failure
  quality: number
  queueDepth: number
  piiRedacted: number
  channel: string
  spans: Span[]
  marks: Mark[]
  /** How this agent is instrumented. */
  instrumentation: Instrumentation
}

export type Instrumentation = 'native' | 'otlp-protobuf' | 'otlp-json'
