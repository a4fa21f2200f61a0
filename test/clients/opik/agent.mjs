import { Opik } from 'opik'
import { trackOpenAI } from 'opik-openai'
import { env, loop, provider, SESSION, tools, USER } from '../wire-loop.mjs'

const opik = new Opik({ apiUrl: `${env('ENDPOINT')}/api`, apiKey: env('KEY'), workspaceName: 'any' })
const parent = opik.trace({ name: 'order-support', threadId: SESSION, metadata: { user_id: USER } })
const client = trackOpenAI(provider(), { client: opik, parent })
const runTool = async (name) => {
  const span = parent.span({ name, type: 'tool' })
  try {
    return await tools[name]()
  } catch ({ name: exceptionType, message, stack }) {
    span.update({ errorInfo: { exceptionType, message, traceback: stack } })
    throw new Error(message)
  } finally {
    span.end()
  }
}
await loop(client, { runTool })
parent.end()
await opik.flush()
