import type { RunFacts } from '../../contract/wire.ts'
import { providerNamed } from '../provider.ts'
import { isPlainObject } from '../event-check.ts'
import { traceKey } from './book.ts'
import { Gathering, type Messages, type Operation } from './operation.ts'
import { errorOf, firstName, idOf, keptOf, nameOf, numberOf, objectOf, timeOf, tagsIn, type Json } from './read.ts'
import { firstUsage } from './usage.ts'

/** What of its metadata says something of the call, rather than of the proxy. */
const KEPT = ['user_api_key_alias', 'user_api_key_team_id', 'user_api_key_team_alias', 'user_api_key_org_id'] as const

/** LiteLLM's `StandardLoggingPayload` (callback `generic_api`): one call of a model, once it is over. */
export function fromLiteLlm(payloads: readonly unknown[]): Messages {
  const gathered = new Gathering()
  payloads.forEach((given, index) => {
    const payload = objectOf(given)
    const id = idOf(payload.id) ?? idOf(payload.litellm_call_id)
    if (id === undefined) return gathered.refuse(index, '/id', 'A call needs an id.')
    if (timeOf(payload.endTime) === undefined)
      return gathered.refuse(index, '/endTime', 'A call needs the time of its end.')
    gathered.add(index, callOf(id, payload))
  })
  gathered.addTraces()
  return gathered.all(payloads.length)
}

function callOf(id: string, payload: Json): Omit<Operation, 'from'> {
  const metadata = objectOf(payload.metadata)
  const own = objectOf(metadata.requester_metadata)
  const failure = payload.status === 'failure' ? failureOf(payload) : undefined
  const trace = idOf(payload.trace_id)
  const tool = nameOf(objectOf(metadata.mcp_tool_call_metadata).name)
  const facts: RunFacts = {
    id,
    trace: trace ?? id,
    parent: trace === undefined || trace === id ? undefined : traceKey(trace),
    kind: tool === undefined ? 'llm' : 'tool',
    name: tool ?? nameOf(payload.call_type),
    start_ms: timeOf(payload.startTime),
    end_ms: timeOf(payload.endTime),
    status: failure ? 'error' : 'ok',
    error_type: failure?.error_type,
    user_id: firstName(payload.end_user, metadata.user_api_key_end_user_id, own.user_id, metadata.user_api_key_user_id),
    session_id: firstName(own.session_id, own.conversation_id),
    agent_id: firstName(own.agent_id, own.agent_name, own.agent, metadata.user_api_key_alias),
    workflow_id: firstName(own.workflow_id, own.workflow),
    environment: firstName(own.environment),
    ...(tool === undefined && paidOf(payload, metadata)),
  }
  return {
    facts,
    input: payload.messages,
    output: payload.response,
    error_message: failure?.error_message,
    attributes: {
      ...keptOf('metadata.', own),
      ...keptOf('litellm.', Object.fromEntries(KEPT.map((name) => [name, metadata[name]]))),
      ...keptOf('litellm.', { model_group: payload.model_group, cache_hit: payload.cache_hit === true || undefined }),
      ...tagsIn(payload.request_tags),
    },
  }
}

function paidOf(payload: Json, metadata: Json): Partial<RunFacts> {
  const response = objectOf(payload.response)
  const provider = nameOf(payload.custom_llm_provider)
  const model = firstName(response.model, payload.model)
  const [started, first] = [timeOf(payload.startTime), timeOf(payload.completionStartTime)]
  const isStreamed = payload.stream === true && started !== undefined && first !== undefined && first >= started
  return {
    provider: providerNamed(provider),
    model: provider !== undefined && model?.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model,
    response_id: nameOf(response.id),
    service_tier: nameOf(response.service_tier),
    ...(isStreamed && { first_token_ms: first - started }),
    // What LiteLLM's own cache answers cost nothing and took no token.
    ...(payload.cache_hit !== true && {
      usage: firstUsage(metadata.usage_object, response.usage, payload),
      cost_usd: numberOf(payload.response_cost),
    }),
  }
}

function failureOf(payload: Json): ReturnType<typeof errorOf> {
  const about = payload.error_information
  const error = isPlainObject(about) ? about : {}
  const message = [error.error_message, payload.error_str].find((text) => typeof text === 'string' && text !== '')
  return errorOf(typeof message === 'string' ? message : '', firstName(error.error_class, error.error_code))
}
