import { AGENT, claudeLoop, otelEnvironment, PROVIDER, tools } from '../loop.mjs'

otelEnvironment()
const { SpanStatusCode, trace } = await import('@opentelemetry/api')
const { NodeSDK } = await import('@opentelemetry/sdk-node')
const sdk = new NodeSDK()
sdk.start()
const { default: Anthropic } = await import('@anthropic-ai/sdk')
const client = new Anthropic({ baseURL: PROVIDER, apiKey: 'none' })
const tracer = trace.getTracer('app')

function inSpan(name, attributes, work) {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work()
    } catch (error) {
      span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
      throw error
    } finally {
      span.end()
    }
  })
}
const run = (name) =>
  inSpan(`execute_tool ${name}`, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }, tools[name])
await inSpan(`invoke_agent ${AGENT}`, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': AGENT }, () =>
  claudeLoop(client, run),
)
await sdk.shutdown()
