import {
  Agent,
  BatchTraceProcessor,
  getGlobalTraceProvider,
  OpenAITracingExporter,
  run,
  setDefaultOpenAIClient,
  setOpenAIAPI,
  setTraceProcessors,
  setTracingDisabled,
  tool,
  withTrace,
} from '@openai/agents'
import OpenAI from 'openai'
import { z } from 'zod'
import { env, SESSION, tools, USER } from '../wire-loop.mjs'

setTracingDisabled(false)
const exporter = new OpenAITracingExporter({ endpoint: `${env('ENDPOINT')}/v1/traces/ingest`, apiKey: env('KEY') })
setTraceProcessors([new BatchTraceProcessor(exporter)])
setDefaultOpenAIClient(new OpenAI({ baseURL: `${env('LLM_URL')}/v1`, apiKey: 'sk-test', maxRetries: 0 }))
setOpenAIAPI('chat_completions')
const wrapped = Object.entries(tools).map(([name, execute]) =>
  tool({ name, description: name, parameters: z.object({}), execute }),
)
const agent = new Agent({ name: 'order-support', model: 'gpt-4o', tools: wrapped })
const metadata = { user_id: USER }
await withTrace('order_flow', () => run(agent, 'Where is my order?'), { groupId: SESSION, metadata })
await getGlobalTraceProvider().forceFlush()
