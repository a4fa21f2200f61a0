import { createRequire } from 'node:module'
import { AGENT, openaiLoop, otelEnvironment, PROVIDER } from '../loop.mjs'

otelEnvironment()
// The instrumentation changes what `require` gives.
const require = createRequire(import.meta.url)
const { trace } = require('@opentelemetry/api')
const { OpenAIInstrumentation } = require('@opentelemetry/instrumentation-openai')
const { NodeSDK } = require('@opentelemetry/sdk-node')
const sdk = new NodeSDK({ instrumentations: [new OpenAIInstrumentation()] })
sdk.start()
const OpenAI = require('openai')
const client = new OpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'none' })
await trace.getTracer('app').startActiveSpan(AGENT, async (span) => {
  await openaiLoop(client)
  span.end()
})
await sdk.shutdown()
