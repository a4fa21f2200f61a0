import type { RunFacts, RunKind } from '../../contract/wire.ts'
import { providerNamed } from '../provider.ts'
import { Gathering, type Messages, type Operation } from './operation.ts'
import { errorOf, firstName, idOf, keptOf, nameOf, numberOf, objectOf, timeOf, tagsIn, type Json } from './read.ts'
import { firstUsage } from './usage.ts'

/** A run as LangSmith's clients post and patch it (`langsmith` 0.x: POST and PATCH /runs, /runs/batch, /runs/multipart). */
export interface RunMessage {
  run: unknown
  /** A patch tells of a run that was posted before, or will be. */
  isPatch: boolean
}

const KINDS: Record<string, RunKind> = { llm: 'llm', embedding: 'llm', tool: 'tool' }
/** What became fields, and what a client copies out of its environment. */
const CONSUMED = new Set([
  'user_id',
  'session_id',
  'thread_id',
  'usage_metadata',
  'ls_provider',
  'ls_model_name',
  'ls_invocation_params',
  'lc_agent_name',
  'LANGSMITH_TRACING',
  'LANGCHAIN_CALLBACKS_BACKGROUND',
])

/** Runs as operations; those of one id that come together are one. */
export function fromLangSmith(messages: readonly RunMessage[]): Messages {
  const gathered = new Gathering()
  messages.forEach(({ run, isPatch }, index) => {
    const operation = operationOf(objectOf(run), isPatch)
    if (operation === null) gathered.refuse(index, '/id', 'A run needs an id.')
    else gathered.add(index, operation)
  })
  return gathered.all(messages.length)
}

function operationOf(run: Json, isPatch: boolean): Omit<Operation, 'from'> | null {
  const id = idOf(run.id)
  if (id === undefined) return null
  const metadata = objectOf(objectOf(run.extra).metadata)
  const kind = typeof run.run_type === 'string' ? (KINDS[run.run_type] ?? 'step') : undefined
  const parent = idOf(run.parent_run_id) ?? fromDottedOrder(run.dotted_order, -2)
  const trace = idOf(run.trace_id) ?? fromDottedOrder(run.dotted_order, 0)
  const failure = typeof run.error === 'string' && run.error !== '' ? errorOf(run.error) : undefined
  const name = nameOf(run.name)
  const started = timeOf(run.start_time) ?? startOfDottedOrder(run.dotted_order)
  const ended = timeOf(run.end_time) ?? (failure && started)
  const facts: RunFacts = {
    id,
    create: !isPatch,
    kind,
    name,
    trace: trace ?? (parent === undefined && !isPatch ? id : undefined),
    parent,
    start_ms: started,
    end_ms: ended,
    status: failure ? 'error' : undefined,
    error_type: failure?.error_type,
    ...namesOf(run, metadata, parent === undefined),
    // A patch that comes first may not say what it patches.
    ...((kind === 'llm' || kind === undefined) && callOf(run, metadata)),
  }
  return {
    facts,
    input: run.inputs,
    output: run.outputs,
    error_message: failure?.error_message,
    attributes: {
      ...keptOf('metadata.', metadata, CONSUMED),
      ...(nameOf(run.session_name) && { 'langsmith.project': nameOf(run.session_name) }),
      ...tagsIn(run.tags),
    },
  }
}

/** The root's name is the workflow's, and the agent's where none is named. */
function namesOf(run: Json, metadata: Json, isRoot: boolean): Partial<RunFacts> {
  const name = nameOf(run.name)
  return {
    workflow_id: isRoot ? name : undefined,
    agent_id: firstName(metadata.lc_agent_name, isRoot ? name : undefined),
    workflow_version: firstName(metadata.workflow_version, metadata.revision_id),
    user_id: firstName(metadata.user_id, metadata.userId),
    session_id: firstName(metadata.session_id, metadata.thread_id, metadata.conversation_id),
    environment: firstName(metadata.environment),
  }
}

/** Of LangChain's own calls, and of those that `wrapOpenAI` saw. */
function callOf(run: Json, metadata: Json): Partial<RunFacts> {
  const outputs = objectOf(run.outputs)
  const generations = Array.isArray(outputs.generations) ? (outputs.generations as unknown[]) : []
  const first = generations[0]
  const generation = objectOf(Array.isArray(first) ? first[0] : first)
  const answer = objectOf(objectOf(generation.message).kwargs)
  const about = objectOf(answer.response_metadata)
  const llm = objectOf(outputs.llmOutput ?? outputs.llm_output)
  const provider = nameOf(metadata.ls_provider)
  const parameters = objectOf(objectOf(run.extra).invocation_params)
  const usage = firstUsage(
    outputs.usage_metadata,
    answer.usage_metadata,
    metadata.usage_metadata,
    about.usage,
    llm.tokenUsage,
    llm.token_usage,
    outputs.usage,
  )
  const answered = firstName(outputs.model, about.model_name, llm.model_name)
  return {
    provider: providerNamed(provider),
    model: answered ?? firstName(metadata.ls_model_name, parameters.model, objectOf(run.inputs).model),
    response_id: responseIdOf(outputs.id ?? answer.id),
    usage,
    cost_usd: numberOf(objectOf(metadata.usage_metadata).total_cost),
    prompt_version: firstName(metadata.prompt_version, metadata.lc_hub_commit_hash),
  }
}

/** LangChain names answers itself (`run-…`) where the provider has not. */
function responseIdOf(value: unknown): string | undefined {
  const id = nameOf(value)
  return id === undefined || /^(lc_)?run-/.test(id) ? undefined : id
}

/** `20261123T083214265001Z<uuid>.20261123T…Z<uuid>`: the path from the trace down to the run. */
function segmentsOf(dotted: unknown): string[] {
  return typeof dotted === 'string' ? dotted.split('.') : []
}

function fromDottedOrder(dotted: unknown, at: number): string | undefined {
  return idOf(segmentsOf(dotted).at(at)?.split('Z')[1])
}

function startOfDottedOrder(dotted: unknown): number | undefined {
  const last = segmentsOf(dotted).at(-1) ?? ''
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{1,6})Z/.exec(last)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction] = match
  return timeOf(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}Z`)
}
