import { flush, initLogger, traced, wrapOpenAI, wrapTraced } from 'braintrust'
import { env, loop, provider, SESSION, tools, USER } from '../wire-loop.mjs'

initLogger({ projectName: 'any', apiKey: env('KEY'), appUrl: env('ENDPOINT') })
const wrapped = Object.fromEntries(
  Object.entries(tools).map(([name, tool]) => [name, wrapTraced(tool, { name, type: 'tool' })]),
)
await traced(
  (span) => {
    span.log({ metadata: { user_id: USER, session_id: SESSION } })
    return loop(wrapOpenAI(provider()), { runTool: (name) => wrapped[name]() })
  },
  { name: 'order-support', type: 'task' },
)
await flush()
