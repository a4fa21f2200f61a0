import { createHash } from 'node:crypto'
import { failureOf, kindNamed, type Strike } from './failures.ts'
import { isProviderOutage } from './incidents.ts'
import type { Failure, FailureName, LlmSpan, Mark, Model, Span, Tokens } from './model.ts'
import type { Random } from './random.ts'
import type { LlmStage, ToolStage } from './stages.ts'

/** A trace in the making: the clock, and what has happened so far. */
export interface Walk {
  random: Random
  rootSpan: string
  nowMs: number
  spans: Span[]
  marks: Mark[]
  /** Ends the trace. */
  fatal?: Failure
}

const ATTEMPTS_MAX = 3
const BACKOFF_MS = 400
const FORGOTTEN = 5
const OUTAGE_SHARE = 0.85
/** The model had answered before these were found, so its tokens are paid. */
const ANSWERED: ReadonlySet<FailureName> = new Set(['invalid_json', 'tool_selection_error', 'unsafe_output'])

/** Calls a model, with retries and at last another model; leaves `fatal` when nothing helps. */
export function callModel(walk: Walk, stage: LlmStage, strike?: Strike): void {
  let trouble = strike
  let failure: Failure | undefined
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    failure = outageFailure(walk, stage.model) ?? trouble?.failure
    const span = llmSpan(walk, stage, stage.model, attempt, failure)
    if (failure === undefined) return
    const retryable = isRetryable(failure)
    if (!retryable) break
    if (trouble && !walk.random.chance(trouble.kind.again ?? 0)) trouble = undefined
    if (attempt === ATTEMPTS_MAX) break
    walk.marks.push({
      kind: 'retry',
      atMs: walk.nowMs,
      span: span.id,
      attempt,
      step: stage.step,
      model: stage.model,
      failure,
    })
    walk.nowMs += Math.round(BACKOFF_MS * 2 ** attempt * (0.5 + walk.random.next()))
  }
  if (failure === undefined) return
  if (!isRetryable(failure)) return void (walk.fatal = failure)
  fallBack(walk, stage)
}

function fallBack(walk: Walk, stage: LlmStage): void {
  walk.marks.push({
    kind: 'fallback',
    atMs: walk.nowMs,
    span: walk.rootSpan,
    step: stage.step,
    from: stage.model,
    to: stage.fallback,
  })
  const fails = walk.random.chance(0.06) ? failureOf(walk.random, kindNamed('rate_limit')) : undefined
  const failure = outageFailure(walk, stage.fallback) ?? fails
  llmSpan(walk, stage, stage.fallback, 1, failure)
  if (failure) walk.fatal = failure
}

function outageFailure({ random, nowMs }: Walk, { provider }: Model): Failure | undefined {
  if (!isProviderOutage(nowMs, provider) || !random.chance(OUTAGE_SHARE)) return undefined
  return random.pick<Failure>([
    { name: 'rate_limit', raw: '529', message: 'Overloaded' },
    { name: 'dependency_unavailable', raw: '503', message: 'Service temporarily unavailable' },
    { name: 'timeout', raw: 'timeout', message: `Request ${random.hex(12)} timed out after 30000 ms` },
  ])
}

function isRetryable(failure: Failure): boolean {
  return kindNamed(failure.name).again !== undefined
}

function llmSpan(walk: Walk, stage: LlmStage, model: Model, attempt: number, failure?: Failure): LlmSpan {
  const { random } = walk
  const startMs = walk.nowMs
  const tokens = failure === undefined || ANSWERED.has(failure.name) ? tokensOf(random, stage) : undefined
  const firstTokenMs = Math.round(random.around(model.firstTokenMs))
  const answerMs = tokens ? firstTokenMs + (tokens.completion / random.around(model.tokensPerSecond, 0.15)) * 1000 : 0
  const refusedMs = failure?.name === 'timeout' ? 30_000 : random.around(240)
  walk.nowMs += Math.max(1, Math.round(tokens ? answerMs : refusedMs))
  const span: LlmSpan = {
    kind: 'llm',
    id: random.hex(16),
    parent: walk.rootSpan,
    startMs,
    endMs: walk.nowMs,
    step: stage.step,
    model,
    promptVersion: stage.prompt,
    attempt,
    ...(tokens && { tokens, firstTokenMs }),
    ...(failure && { failure }),
  }
  walk.spans.push(span)
  walk.nowMs += random.integer(2, 25)
  return span
}

function tokensOf(random: Random, stage: LlmStage): Tokens {
  const prompt = Math.max(20, Math.round(random.around(stage.input)))
  const reasoning = stage.reasoning === undefined ? 0 : Math.round(random.around(stage.reasoning))
  // A cache misses now and then.
  const hit = random.chance(0.9) ? 1 : 0
  const cached = Math.floor(prompt * (stage.cached ?? 0) * hit * (0.8 + 0.2 * random.next()))
  return {
    prompt,
    completion: Math.max(5, Math.round(random.around(stage.output))) + reasoning,
    cached,
    cacheWrite: Math.floor(prompt * (stage.cacheWrite ?? 0)),
    reasoning,
  }
}

/** Calls a tool once or more; a failure that is not retried away ends the trace half of the time. */
export function callTool(walk: Walk, stage: ToolStage, strike?: Strike): void {
  const [low, high] = stage.times ?? [1, 1]
  const asked = walk.random.integer(low, high)
  for (let question = 0; question < asked; question++) toolSpan(walk, stage, question, 1)
  if (chanceOf(walk) < (stage.forgets ?? 0)) for (let i = 0; i < FORGOTTEN; i++) toolSpan(walk, stage, 0, 1)
  if (strike === undefined) return
  const span = toolSpan(walk, stage, asked, 1, strike.failure)
  if (strike.kind.again !== undefined) {
    walk.marks.push({
      kind: 'retry',
      atMs: walk.nowMs,
      span: span.id,
      attempt: 1,
      step: stage.tool,
      tool: stage.tool,
      failure: strike.failure,
    })
    walk.nowMs += BACKOFF_MS
    const again = walk.random.chance(strike.kind.again)
    toolSpan(walk, stage, asked, 2, again ? strike.failure : undefined)
    if (again) walk.fatal = strike.failure
  } else if (walk.random.chance(0.6)) walk.fatal = strike.failure
}

/** From 0 to 1, the same for all of a trace, so that nothing else of it changes. */
const chanceOf = ({ rootSpan }: Walk) => parseInt(rootSpan.slice(0, 8), 16) / 2 ** 32

function priceOf({ spans }: Walk, { tool, price }: ToolStage): number {
  const before = spans.filter((span) => span.kind === 'tool' && span.tool === tool).length
  return price === undefined || before < price.included ? 0 : price.usd
}

/** The same question of a trace has the same hash, also when its stage is played again. */
function hashOf({ rootSpan }: Walk, { tool }: ToolStage, question: number): string {
  return createHash('sha256').update(`${rootSpan} ${tool} ${question}`).digest('hex').slice(0, 16)
}

function toolSpan(walk: Walk, stage: ToolStage, question: number, attempt: number, failure?: Failure): Span {
  const startMs = walk.nowMs
  walk.nowMs += Math.max(1, Math.round(failure?.name === 'tool_timeout' ? 10_000 : walk.random.around(stage.ms, 0.5)))
  const span: Span = {
    kind: 'tool',
    id: walk.random.hex(16),
    parent: walk.rootSpan,
    startMs,
    endMs: walk.nowMs,
    tool: stage.tool,
    attempt,
    ...(stage.price && { asked: { hash: hashOf(walk, stage, question), usd: priceOf(walk, stage) } }),
    ...(stage.host !== undefined && { host: stage.host }),
    ...(failure && { failure }),
  }
  walk.spans.push(span)
  walk.nowMs += walk.random.integer(1, 12)
  return span
}
