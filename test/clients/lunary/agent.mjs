import lunary from 'lunary'
import { monitorOpenAI } from 'lunary/openai'
import { env, loop, provider, SESSION, tools, USER } from '../wire-loop.mjs'

lunary.init({ apiUrl: env('ENDPOINT'), publicKey: env('KEY'), runtime: 'node' })
const wrapped = Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, lunary.wrapTool(tool, { name })]))
const agent = lunary.wrapAgent(() => loop(monitorOpenAI(provider()), { runTool: (name) => wrapped[name]() }), {
  name: 'order-support',
  userId: USER,
  metadata: { sessionId: SESSION },
})
await agent()
await lunary.flush()
