/** What each client's agent does, without telemetry: asks, calls a tool, calls one that fails, and answers. */
import OpenAI from 'openai'

export const env = (name) => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}
export const USER = env('USER_ID')
export const SESSION = `session of ${USER}`

export const provider = () => new OpenAI({ baseURL: `${env('LLM_URL')}/v1`, apiKey: 'sk-test', maxRetries: 0 })

export const tools = {
  lookup_order: async () => ({ status: 'shipped' }),
  issue_refund: async () => {
    throw new Error('payment gateway timed out')
  },
}

const offered = Object.keys(tools).map((name) => ({
  type: 'function',
  function: { name, description: name, parameters: { type: 'object', properties: {} } },
}))

/** @param runTool lets a client put its own span around a tool. */
export async function loop(client, { runTool = (name) => tools[name](), extra = {} } = {}) {
  const messages = [{ role: 'user', content: 'Where is my order?' }]
  for (;;) {
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages, tools: offered, ...extra })
    const [{ message }] = answer.choices
    messages.push(message)
    if (!message.tool_calls?.length) return message.content
    for (const { id, function: asked } of message.tool_calls) {
      const result = await runTool(asked.name).catch((error) => ({ error: error.message }))
      messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify(result) })
    }
  }
}
