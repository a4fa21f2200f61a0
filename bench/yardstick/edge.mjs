// The edge, and beside it the least that any Worker does that asks a Durable Object. In the benchmark only.
import worker from './index.js'

export * from './index.js'

const ASKS = { '/v1/guard/bare': (object) => object.nothing(), '/v1/guard/bare-row': (object) => object.oneRow() }

export default {
  async fetch(request, env, ctx) {
    const ask = ASKS[new URL(request.url).pathname]
    if (ask === undefined) return worker.fetch(request, env, ctx)
    await request.text()
    return Response.json({ nothing: await ask(env.TENANT_BUDGET.getByName('yardstick')) })
  },
}
