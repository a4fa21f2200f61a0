import type { RunFacts } from '../../contract/wire.ts'
import { providerNamed } from '../provider.ts'
import { traceKey } from './book.ts'
import { Gathering, type Messages } from './operation.ts'
import { errorOf, firstName, idOf, keptOf, nameOf, numberOf, objectOf, timeOf, type Json } from './read.ts'
import { firstUsage } from './usage.ts'

const PROPERTY = 'helicone-property-'

/**
 * A log of Helicone's manual logger (`@helicone/helpers`, `POST /custom/v1/log`): one call of a model or of a tool.
 * @param id tells the log from others: it has none of its own.
 * @param headers of the request, in lower case.
 */
export function fromHelicone(log: unknown, headers: Record<string, string>, id: string): Messages {
  const gathered = new Gathering()
  const { providerRequest, providerResponse, timing } = objectOf(log)
  const request = objectOf(objectOf(providerRequest).json)
  const response = objectOf(providerResponse)
  const answer = answerOf(response)
  const end = momentOf(objectOf(timing).endTime)
  if (end === undefined) {
    gathered.refuse(0, '/timing/endTime', 'A log needs the time of its end, as {seconds, milliseconds}.')
    return gathered.all(1)
  }
  const session = headers['helicone-session-id']
  const trace = idOf(session) ?? id
  const status = numberOf(response.status) ?? 200
  const failure = status < 400 && status > 0 ? undefined : errorOf(textOf(response), String(status))
  const tool = request._type === 'tool' ? (nameOf(request.toolName) ?? 'unknown') : undefined
  const facts: RunFacts = {
    id: idOf(headers['helicone-request-id']) ?? id,
    trace,
    parent: session === undefined ? undefined : traceKey(trace),
    kind: tool !== undefined ? 'tool' : request._type === undefined ? 'llm' : 'step',
    name: tool ?? firstName(request._type, headers['helicone-session-path'], 'call'),
    start_ms: momentOf(objectOf(timing).startTime),
    end_ms: end,
    status: failure ? 'error' : 'ok',
    error_type: failure?.error_type,
    ...namesOf(headers),
    ...(request._type === undefined && callOf(request, answer, timing)),
  }
  const properties = Object.entries(headers).filter(([name]) => name.startsWith(PROPERTY))
  const labels = Object.fromEntries(properties.map(([name, value]) => [name.slice(PROPERTY.length), value]))
  const content = { input: request.messages ?? request.input ?? request, output: answer }
  gathered.add(0, { facts, ...content, error_message: failure?.error_message, attributes: keptOf('helicone.', labels) })
  gathered.addTraces()
  return gathered.all(1)
}

function namesOf(headers: Record<string, string>): Partial<RunFacts> {
  return {
    user_id: nameOf(headers['helicone-user-id']),
    session_id: nameOf(headers['helicone-session-id']),
    workflow_id: firstName(headers['helicone-session-name']),
    agent_id: nameOf(headers[`${PROPERTY}agent`]),
    environment: nameOf(headers[`${PROPERTY}environment`]),
    prompt_version: nameOf(headers['helicone-prompt-id']),
  }
}

function callOf(request: Json, answer: Json, timing: unknown): Partial<RunFacts> {
  const first = numberOf(objectOf(timing).timeToFirstToken)
  return {
    provider: providerNamed(nameOf(request.provider)),
    model: firstName(answer.model, request.model),
    response_id: nameOf(answer.id),
    service_tier: nameOf(answer.service_tier),
    usage: firstUsage(answer.usage),
    ...(first !== undefined && first > 0 && { first_token_ms: first }),
  }
}

/** The answer as JSON, or as its text. */
function answerOf(response: Json): Json {
  const json = objectOf(response.json)
  if (Object.keys(json).length > 0) return json
  try {
    return objectOf(JSON.parse(textOf(response)))
  } catch {
    return {}
  }
}

function textOf({ textBody }: Json): string {
  return typeof textBody === 'string' ? textBody.replace(/^Error: /, '') : ''
}

function momentOf(value: unknown): number | undefined {
  const { seconds, milliseconds } = objectOf(value)
  const [whole, rest] = [numberOf(seconds), numberOf(milliseconds) ?? 0]
  return whole === undefined ? undefined : timeOf(whole * 1000 + rest)
}
