import { OUTCOME_REVISED, type CanonicalEvent, type EventInput } from '../../contract/event.ts'
import type { KnownRun, RunMark } from '../../contract/wire.ts'
import { canonicalise, type CanonicalContext, type Refusal } from '../canonical.ts'
import { eventsOfRun } from './events.ts'
import type { Messages, Operation } from './operation.ts'

/** Which protocol an event came by; of OTLP the scope of the instrumentation tells. */
const CLIENT_ATTRIBUTE = 'agentops.client'

/** What became of the messages of a request. */
export interface Judged {
  events: CanonicalEvent[]
  /** By the index of the message. */
  refused: Map<number, Refusal>
  /** To be kept once the events are durable. */
  marks: [id: string, marks: RunMark[]][]
}

/** Events of each run, judged as any other event; a run of which one is refused keeps its neighbours. */
export function judge(
  client: string,
  { operations, unreadable }: Messages,
  known: readonly KnownRun[],
  context: CanonicalContext,
): Judged {
  const judged: Judged = { events: [], refused: new Map(), marks: [] }
  for (const { index, pointer, detail } of unreadable)
    judged.refused.set(index, { ok: false, code: 'invalid', pointer, detail })
  operations.forEach((operation, at) => {
    const run = known[at]
    if (run === undefined) return
    const told =
      run.facts.kind === 'score' ? scored(client, operation, run, context) : ran(client, operation, run, context)
    if (told.refused) {
      for (const index of operation.from) judged.refused.set(index, told.refused)
      return
    }
    judged.events.push(...told.events)
    if (told.marks.length > 0) judged.marks.push([operation.facts.id, told.marks])
  })
  return judged
}

interface Verdict {
  events: CanonicalEvent[]
  marks: RunMark[]
  refused?: Refusal
}

function ran(client: string, operation: Operation, known: KnownRun, context: CanonicalContext): Verdict {
  if (known.facts.kind === 'thread') return { events: [], marks: [] }
  const { events, marks } = eventsOfRun(client, operation, known)
  const verdict: Verdict = { events: [], marks }
  for (const input of events) {
    const attributes = { ...input.attributes, [CLIENT_ATTRIBUTE]: client }
    const outcome = canonicalise(withoutUndefined({ ...input, attributes }), context)
    if (!outcome.ok) return { events: [], marks: [], refused: outcome }
    verdict.events.push(outcome.event)
  }
  return verdict
}

/** What is said of a run once it is over changes neither its times nor its status. */
function scored(client: string, operation: Operation, { facts, told }: KnownRun, context: CanonicalContext): Verdict {
  if (told.includes('ended')) return { events: [], marks: [] }
  const { agent_id, workflow_id, workflow_version, user_id, environment } = facts
  const outcome = canonicalise(
    withoutUndefined({
      event_type: 'agent.step.started',
      timestamp: facts.end_ms ?? context.nowMs,
      trace_id: facts.trace,
      span_id: 'outcome',
      event_id: `${client}/${facts.id}/score`,
      ...{ agent_id, workflow_id, workflow_version, user_id, environment },
      scores: operation.scores,
      attributes: { ...operation.attributes, [CLIENT_ATTRIBUTE]: client },
    }),
    context,
  )
  if (!outcome.ok) return { events: [], marks: [], refused: outcome }
  return { events: [{ ...outcome.event, event_type: OUTCOME_REVISED }], marks: ['ended'] }
}

function withoutUndefined(input: EventInput): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}
