import * as Sentry from '@sentry/node'
import { env, loop, provider, SESSION, tools, USER } from '../wire-loop.mjs'

const { protocol, host } = new URL(env('ENDPOINT'))
Sentry.init({ dsn: `${protocol}//${env('KEY')}@${host}/1`, tracesSampleRate: 1 })
Sentry.setUser({ id: USER })
const span = (op, name, attributes, fn) => Sentry.startSpan({ op: `gen_ai.${op}`, name, attributes }, fn)
const runTool = (name) =>
  span('execute_tool', name, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }, tools[name])
const about = {
  'gen_ai.operation.name': 'invoke_agent',
  'gen_ai.agent.name': 'order-support',
  'gen_ai.conversation.id': SESSION,
}
await span('invoke_agent', 'order-support', about, () => loop(Sentry.instrumentOpenAiClient(provider()), { runTool }))
await Sentry.flush(5000)
