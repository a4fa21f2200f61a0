// The edge, and beside it the least that any Worker does that asks a Durable Object. In the benchmark only.
import worker from './index.js'

export * from './index.js'

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== '/v1/guard/bare') return worker.fetch(request, env, ctx)
    await request.text()
    return Response.json({ nothing: await env.TENANT_BUDGET.getByName('yardstick').nothing() })
  },
}
