import { createOpenAI } from '@ai-sdk/openai'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { generateText, stepCountIs, tool } from 'ai'
import { z } from 'zod'
import { AGENT, COLLECTOR, KEY, MODEL, PROVIDER, tools } from '../loop.mjs'

const traceExporter = new OTLPTraceExporter({
  url: `${COLLECTOR}/v1/traces`,
  headers: { authorization: `Bearer ${KEY}` },
})
const sdk = new NodeSDK({ serviceName: AGENT, traceExporter })
sdk.start()
const openai = createOpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'none' })
const offered = Object.entries(tools).map(([name, execute]) => [
  name,
  tool({ inputSchema: z.object({ order: z.string() }), execute }),
])
await generateText({
  model: openai.chat(MODEL),
  prompt: 'Where is my order?',
  tools: Object.fromEntries(offered),
  stopWhen: stepCountIs(6),
  experimental_telemetry: { isEnabled: true, functionId: AGENT, metadata: { userId: 'u-1' } },
})
await sdk.shutdown()
