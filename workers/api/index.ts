import type { Env } from './env.ts'
import { makeApp } from './app.ts'

const app = makeApp()

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
} satisfies ExportedHandler<Env>
