import type { App } from './route.ts'

/** The OpenAPI 3.1 document of every route, those of the edge included. */
export function document(app: App) {
  const registry = app.openAPIRegistry
  if (!registry.definitions.some((d) => d.type === 'component')) {
    registry.registerComponent('securitySchemes', 'key', {
      type: 'http',
      scheme: 'bearer',
      description: 'An API key, `ao_…`',
    })
    registry.registerComponent('securitySchemes', 'session', {
      type: 'apiKey',
      in: 'cookie',
      name: 'agentops.session_token',
      description: 'Set by /api/auth/sign-in/email',
    })
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'AgentOps API',
      version: '1',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        'JSON is snake_case, money is a decimal string of US dollars, times are RFC 3339 UTC, errors are RFC 9457 problems. Sign-up and sign-in are POST /api/auth/sign-up/email and /api/auth/sign-in/email.',
    },
  })
}
