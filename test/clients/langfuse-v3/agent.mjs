import { Langfuse, observeOpenAI } from 'langfuse'
import { env, loop, provider, SESSION, tools, USER } from '../wire-loop.mjs'

const langfuse = new Langfuse({ publicKey: 'any', secretKey: env('KEY'), baseUrl: env('ENDPOINT'), flushAt: 3 })
const trace = langfuse.trace({ name: 'order_flow', userId: USER, sessionId: SESSION })
const agent = trace.span({ name: 'order-support' })
const runTool = async (name) => {
  const span = agent.span({ name })
  try {
    const result = await tools[name]()
    span.end({ output: result })
    return result
  } catch (error) {
    span.end({ level: 'ERROR', statusMessage: error.message })
    throw error
  }
}
await loop(observeOpenAI(provider(), { parent: agent, generationName: 'chat' }), { runTool })
agent.end()
await langfuse.shutdownAsync()
