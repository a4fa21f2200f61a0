import type { AgentOps } from './client.ts'
import { observedFetch, type ObserveOptions } from './fetch.ts'

/** What the clients of OpenAI and Anthropic have in common: a copy of themselves with other options. */
interface Configurable {
  withOptions(options: { fetch: typeof fetch }): unknown
  /** What the client was made with; it is not told otherwise. */
  _options?: { fetch?: typeof fetch }
}

/** A copy of the client whose calls are reported, beneath its own retries and streams. */
export function wrapClient<T extends object>(client: T, agent: AgentOps, options: ObserveOptions): T {
  const configurable = client as unknown as Configurable
  const beneath = options.fetch ?? configurable._options?.fetch
  const fetch = observedFetch(agent, { ...options, ...(beneath && { fetch: beneath }) })
  return configurable.withOptions({ fetch }) as T
}
