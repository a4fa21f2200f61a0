import { createRequire } from 'node:module'
import { AGENT, COLLECTOR, KEY, openaiLoop, PROVIDER } from '../loop.mjs'

const require = createRequire(import.meta.url)
process.env.TRACELOOP_TELEMETRY = 'false'
const traceloop = require('@traceloop/node-server-sdk')
traceloop.initialize({
  appName: AGENT,
  baseUrl: COLLECTOR,
  apiKey: KEY,
  disableBatch: true,
  silenceInitializationMessage: true,
})
// The instrumentation changes what `require` gives from here on.
const OpenAI = require('openai')
const client = new OpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'none' })
await traceloop.withWorkflow({ name: AGENT }, () => openaiLoop(client))
await traceloop.forceFlush()
