import type { AgentOps } from './client.ts'
import type { ObserveOptions } from './fetch.ts'
import { wrapClient } from './wrap-client.ts'

export { denialOf, type GuardedWork, type ModelCall, type ObserveOptions } from './fetch.ts'

/** A copy of a client of the package `@anthropic-ai/sdk` that reports each call, and with `guard` asks first. */
export function wrapAnthropic<T extends object>(client: T, agent: AgentOps, options: ObserveOptions = {}): T {
  return wrapClient(client, agent, { provider: 'anthropic', ...options })
}
