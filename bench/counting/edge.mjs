import worker from './index.js'
import { add, countedEnv, snapshot } from './count.mjs'

export * from './index.js'

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === '/__counts') return Response.json(snapshot())
    if (request.method === 'POST') add('requests')
    return worker.fetch(request, countedEnv(env), ctx)
  },
}
