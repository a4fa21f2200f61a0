import { COST_USD_MAX, type EventInput } from '../../contract/event.ts'
import type { KnownRun, RunMark } from '../../contract/wire.ts'
import { errorTypeOf, failureOfTool } from '../failure.ts'
import { makerOf } from '../provider.ts'
import { isSameModel } from './book.ts'
import type { Operation } from './operation.ts'

/** The events that a message makes of a run, and what of the run is told with them. */
export interface Told {
  events: EventInput[]
  marks: RunMark[]
}

const LATENCY_MS_MAX = 1_000_000_000
const ATTEMPT_MAX = 10_000

/**
 * One run as events: what began and has not ended is started; what ended is a request (it has no parent), a call of a
 * model, a tool, a policy's decision, or a step. The id of each event is the run's own with what it says, so that a
 * message that repeats another is paid once; what was told already makes no event at all.
 */
export function eventsOfRun(client: string, operation: Operation, known: KnownRun): Told {
  const { facts, told } = known
  const has = (mark: RunMark) => told.includes(mark)
  const say = sayer(client, operation, known)
  if (facts.end_ms === undefined) {
    if (facts.start_ms === undefined || has('started')) return { events: [], marks: [] }
    return { events: [say('started', startOf(facts), beginning(operation, known))], marks: ['started'] }
  }
  if (has('ended')) {
    if (has('paid') || !isPaid(known)) return { events: [], marks: [] }
    return { events: [say('paid', 'agent.step.completed', usageOf(known))], marks: ['paid'] }
  }
  const marks: RunMark[] = isPaid(known) ? ['ended', 'paid'] : ['ended']
  return { events: [...ends(operation, known, say), ...afterFailure(known, say)], marks }
}

type Say = (what: string, event_type: EventInput['event_type'], more: Partial<EventInput>) => EventInput

function sayer(client: string, { facts: { id } }: Operation, { facts }: KnownRun): Say {
  const parent = parentOf(facts)
  const place = {
    trace_id: facts.trace,
    span_id: id,
    ...(parent !== undefined && { parent_span_id: parent }),
    environment: facts.environment,
    agent_id: facts.agent_id,
    workflow_id: facts.workflow_id,
    workflow_version: facts.workflow_version,
    user_id: facts.user_id,
    session_id: facts.session_id,
  }
  const timestamp = facts.end_ms ?? facts.start_ms ?? 0
  return (what, event_type, more) => ({ event_type, timestamp, ...place, event_id: `${client}/${id}/${what}`, ...more })
}

function parentOf({ id, parent }: KnownRun['facts']): string | undefined {
  return parent === undefined || parent === id ? undefined : parent
}

function startOf(facts: KnownRun['facts']): EventInput['event_type'] {
  return parentOf(facts) === undefined ? 'agent.request.started' : 'agent.step.started'
}

function beginning({ input, attributes }: Operation, { facts }: KnownRun): Partial<EventInput> {
  const call = facts.kind === 'llm' ? { provider: facts.provider, model: facts.model } : {}
  const timestamp = facts.start_ms
  return { ...(timestamp !== undefined && { timestamp }), step: facts.name, ...call, input, attributes }
}

function ends(operation: Operation, known: KnownRun, say: Say): EventInput[] {
  const { facts } = known
  const result = resultOf(operation, known)
  const { input, output, attributes } = operation
  const detail = { step: facts.name, input, output, attributes }
  const isRoot = parentOf(facts) === undefined
  const events: EventInput[] = []
  switch (facts.kind) {
    case 'llm':
      events.push(
        say('ended', 'agent.step.completed', { ...result, ...detail, ...(known.rolled ? {} : callOf(known)) }),
      )
      break
    case 'tool': {
      const hasFailed = facts.status === 'error'
      const type = hasFailed ? 'agent.tool.failed' : 'agent.tool.called'
      const failure = hasFailed && { error_type: failureOfTool(errorTypeOf(facts.error_type ?? 'unknown', true)) }
      events.push(say('ended', type, { ...result, ...failure, ...detail, tool_name: facts.name ?? 'unknown' }))
      break
    }
    case 'policy': {
      const { policy_result } = operation
      return [say('decided', 'agent.policy.decision', { policy_id: facts.name, policy_result, attributes })]
    }
    case 'fallback': {
      const { from: fallback_from, to: fallback_to } = operation.fallback ?? {}
      return [say('fallback', 'agent.fallback.triggered', { fallback_from, fallback_to, attributes })]
    }
    case 'retry':
      return [say('retry', 'agent.retry', { attempt: 1, model: facts.model, attributes })]
    default:
      if (!isRoot) events.push(say('ended', 'agent.step.completed', { ...result, ...detail }))
  }
  if (isRoot) events.push(say('request', 'agent.request.completed', { ...result, ...(events.length === 0 && detail) }))
  return events
}

/** How it ended, and how long it took where its start is known. */
function resultOf({ error_message }: Operation, { facts }: KnownRun): Partial<EventInput> {
  const { start_ms, end_ms, status = 'ok', error_type } = facts
  const latency = start_ms === undefined || end_ms === undefined ? undefined : end_ms - start_ms
  return {
    status,
    ...(status === 'error' && { error_type: error_type ?? 'unknown', error_message }),
    ...(latency !== undefined && { latency_ms: Math.min(Math.max(0, latency), LATENCY_MS_MAX) }),
  }
}

function isPaid({ facts, rolled }: KnownRun): boolean {
  return facts.kind === 'llm' && !rolled && (facts.usage !== undefined || costOf(facts) !== undefined)
}

function callOf(known: KnownRun): Partial<EventInput> {
  const { prompt_version, first_token_ms } = known.facts
  return { ...usageOf(known), prompt_version, time_to_first_token_ms: first_token_ms }
}

function usageOf({ facts }: KnownRun): Partial<EventInput> {
  const { model = 'unknown', usage } = facts
  return {
    provider: facts.provider ?? makerOf(model),
    model,
    response_id: facts.response_id,
    cost_usd: costOf(facts),
    service_tier: facts.service_tier,
    ...(usage && {
      tokens_prompt: usage.prompt,
      tokens_completion: usage.completion,
      tokens_total: usage.total,
      tokens_cached: usage.cached,
      tokens_cache_write: usage.cacheWrite,
      tokens_reasoning: usage.reasoning,
      tokens_cache_write_1h: usage.cacheWrite1h,
      tokens_prompt_audio: usage.audioPrompt,
      tokens_completion_audio: usage.audioCompletion,
    }),
  }
}

/** A zero is a client without prices, not a call that was free. */
function costOf({ cost_usd }: KnownRun['facts']): number | undefined {
  return cost_usd !== undefined && cost_usd > 0 && cost_usd <= COST_USD_MAX ? cost_usd : undefined
}

function afterFailure({ facts, after }: KnownRun, say: Say): EventInput[] {
  const { model, provider, start_ms } = facts
  if (after === undefined || model === undefined) return []
  const call = { model, provider, ...(start_ms !== undefined && { timestamp: start_ms }) }
  if (isSameModel(after.model, model))
    return [say('retry', 'agent.retry', { ...call, attempt: Math.min(after.attempt, ATTEMPT_MAX) })]
  return [say('fallback', 'agent.fallback.triggered', { ...call, fallback_from: after.model, fallback_to: model })]
}
