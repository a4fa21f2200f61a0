import { createRequire } from 'node:module'
import { AGENT, claudeLoop, COLLECTOR, KEY, openaiLoop, PROVIDER, tools } from '../loop.mjs'

const require = createRequire(import.meta.url)
const { traceAgent, traceTool } = require('@arizeai/openinference-core')
const { AnthropicInstrumentation } = require('@arizeai/openinference-instrumentation-anthropic')
const { OpenAIInstrumentation } = require('@arizeai/openinference-instrumentation-openai')
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto')
const { NodeSDK } = require('@opentelemetry/sdk-node')
const traceExporter = new OTLPTraceExporter({
  url: `${COLLECTOR}/v1/traces`,
  headers: { authorization: `Bearer ${KEY}` },
})
const instrumentations = [new OpenAIInstrumentation(), new AnthropicInstrumentation()]
const sdk = new NodeSDK({ traceExporter, instrumentations })
sdk.start()
const { OpenAI } = require('openai')
const { Anthropic } = require('@anthropic-ai/sdk')
const run = (name) => traceTool(tools[name], { name })()
const agent = (work) => traceAgent(work, { name: AGENT })()
await agent(() => openaiLoop(new OpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'none' }), run))
await agent(() => claudeLoop(new Anthropic({ baseURL: PROVIDER, apiKey: 'none' }), run))
await sdk.shutdown()
