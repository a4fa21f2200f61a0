import { Client } from 'langsmith'
import { traceable } from 'langsmith/traceable'
import { wrapOpenAI } from 'langsmith/wrappers'
import { env, loop, provider, SESSION, tools, USER } from '../wire-loop.mjs'

process.env.LANGSMITH_TRACING = 'true'
const client = new Client({ apiUrl: env('ENDPOINT'), apiKey: env('KEY') })
const metadata = { user_id: USER, session_id: SESSION }
const runTool = (name) => traceable(tools[name], { name, run_type: 'tool', client })()
const agent = traceable(() => loop(wrapOpenAI(provider(), { client }), { runTool }), {
  name: 'order-support',
  run_type: 'chain',
  metadata,
  client,
})
await agent()
await client.awaitPendingTraceBatches()
