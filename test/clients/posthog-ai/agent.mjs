import { OpenAI } from '@posthog/ai/openai'
import { PostHog } from 'posthog-node'
import { env, loop, SESSION, tools, USER } from '../wire-loop.mjs'

const posthog = new PostHog(env('KEY'), { host: env('ENDPOINT') })
const client = new OpenAI({ baseURL: `${env('LLM_URL')}/v1`, apiKey: 'sk-test', posthog, maxRetries: 0 })
const trace = crypto.randomUUID()
const extra = {
  posthogDistinctId: USER,
  posthogTraceId: trace,
  posthogProperties: { $ai_session_id: SESSION, agent: 'order-support' },
}
const runTool = async (name) => {
  const told = { $ai_trace_id: trace, $ai_span_name: name, $ai_latency: 0.001 }
  const say = (more) => posthog.capture({ distinctId: USER, event: '$ai_span', properties: { ...told, ...more } })
  try {
    const result = await tools[name]()
    say({})
    return result
  } catch (error) {
    say({ $ai_is_error: true, $ai_error: error.message })
    throw error
  }
}
await loop(client, { runTool, extra })
await posthog.shutdown()
