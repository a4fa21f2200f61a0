import { AGENT, COLLECTOR, KEY, openaiLoop, PROVIDER, tools } from '../loop.mjs'

Object.assign(process.env, {
  LANGFUSE_BASE_URL: COLLECTOR,
  LANGFUSE_PUBLIC_KEY: 'pk-lf-any',
  LANGFUSE_SECRET_KEY: KEY,
})
const { observeOpenAI } = await import('@langfuse/openai')
const { LangfuseSpanProcessor } = await import('@langfuse/otel')
const { propagateAttributes, startActiveObservation } = await import('@langfuse/tracing')
const { NodeSDK } = await import('@opentelemetry/sdk-node')
const { default: OpenAI } = await import('openai')
const sdk = new NodeSDK({ spanProcessors: [new LangfuseSpanProcessor()] })
sdk.start()
const client = observeOpenAI(new OpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'none' }))
const run = (name) => startActiveObservation(name, () => tools[name](), { asType: 'tool' })
await propagateAttributes({ userId: 'u-1', traceName: AGENT }, () =>
  startActiveObservation(AGENT, () => openaiLoop(client, run), { asType: 'agent' }),
)
await sdk.shutdown()
