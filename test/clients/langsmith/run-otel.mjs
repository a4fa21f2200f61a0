import { AGENT, COLLECTOR, KEY, openaiLoop, PROVIDER, tools } from '../loop.mjs'

Object.assign(process.env, {
  LANGSMITH_TRACING: 'true',
  LANGSMITH_OTEL_ENABLED: 'true',
  LANGSMITH_ENDPOINT: COLLECTOR,
  LANGSMITH_API_KEY: KEY,
  LANGSMITH_PROJECT: AGENT,
})
const { initializeOTEL } = await import('langsmith/experimental/otel/setup')
const { DEFAULT_LANGSMITH_SPAN_PROCESSOR: processor } = initializeOTEL()
const { traceable } = await import('langsmith/traceable')
const { wrapOpenAI } = await import('langsmith/wrappers')
const { default: OpenAI } = await import('openai')
const client = wrapOpenAI(new OpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'none' }))
const run = (name) => traceable(tools[name], { name, run_type: 'tool' })()
await traceable(() => openaiLoop(client, run), { name: AGENT })()
await processor.shutdown()
