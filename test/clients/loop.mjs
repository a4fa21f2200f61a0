/**
 * The agent that all clients run: it asks, calls a tool, calls one that fails, and answers. What a client is told of
 * is the program's own business (`run.mjs` of each folder); this file knows of no telemetry.
 */
export const { COLLECTOR, KEY, PROVIDER } = process.env
export const AGENT = 'order-support'
export const MODEL = 'gpt-4o'
export const CLAUDE = 'claude-sonnet-5'
const QUESTION = 'Where is my order?'

export class GatewayError extends Error {
  name = 'GatewayError'
}

export const tools = {
  lookup_order: () => Promise.resolve({ status: 'shipped' }),
  issue_refund: () => Promise.reject(new GatewayError('the gateway timed out')),
}
const schema = { type: 'object', properties: { order: { type: 'string' } }, required: ['order'] }
const names = Object.keys(tools)

/** @param run runs a tool by its name, so that a program can put a span around it. */
export async function openaiLoop(client, run = (name) => tools[name]()) {
  const messages = [{ role: 'user', content: QUESTION }]
  const offered = names.map((name) => ({ type: 'function', function: { name, parameters: schema } }))
  for (;;) {
    const answer = await client.chat.completions.create({ model: MODEL, messages, tools: offered })
    const { message } = answer.choices[0]
    messages.push(message)
    if (!message.tool_calls) return message.content
    for (const { id, function: asked } of message.tool_calls)
      messages.push({ role: 'tool', tool_call_id: id, content: await resultOf(run, asked.name) })
  }
}

export async function claudeLoop(client, run = (name) => tools[name]()) {
  const messages = [{ role: 'user', content: QUESTION }]
  const offered = names.map((name) => ({ name, input_schema: schema }))
  for (;;) {
    const { content } = await client.messages.create({ model: CLAUDE, max_tokens: 100, messages, tools: offered })
    messages.push({ role: 'assistant', content })
    const uses = content.filter((part) => part.type === 'tool_use')
    if (uses.length === 0) return content[0].text
    const results = []
    for (const { id, name } of uses)
      results.push({ type: 'tool_result', tool_use_id: id, content: await resultOf(run, name) })
    messages.push({ role: 'user', content: results })
  }
}

async function resultOf(run, name) {
  try {
    return JSON.stringify(await run(name))
  } catch (error) {
    return String(error)
  }
}

/** The environment that OpenTelemetry's own SDK reads. */
export function otelEnvironment(more = {}) {
  Object.assign(process.env, {
    OTEL_SERVICE_NAME: AGENT,
    OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${KEY}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    ...more,
  })
}
