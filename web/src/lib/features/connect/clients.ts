import type { TraceEvent } from '../../../../../workers/contract/trace.ts'
import { GROUPS, type Client } from './client.ts'
import { CODING_AGENTS } from './coding-agents.ts'
import { byHand, GATEWAYS } from './direct.ts'
import { BY_OPENTELEMETRY } from './opentelemetry.ts'
import { BY_THEIR_OWN } from './protocols.ts'
import type { FirstEventFacts } from './snippets.ts'

/** Shown to whoever has picked none: it needs nothing. */
export const FIRST = 'curl'

/** Every client, in the order of the list. */
export function clientsOf(event: FirstEventFacts): Client[] {
  const all = [...CODING_AGENTS, ...BY_OPENTELEMETRY, ...BY_THEIR_OWN, ...GATEWAYS, ...byHand(event)]
  return GROUPS.flatMap((group) => all.filter((client) => client.group === group))
}

/** By the names that links had when there were three ways. */
const FORMER: Record<string, string> = { node: 'opentelemetry-node', environment: 'opentelemetry' }

/** The client that an address names, else the first. */
export function picked(clients: readonly Client[], params: URLSearchParams): Client | undefined {
  const wanted = params.get('client') ?? params.get('with') ?? FIRST
  const id = FORMER[wanted] ?? wanted
  return clients.find((one) => one.id === id) ?? clients.find((one) => one.id === FIRST)
}

/** Which client told of these events, as far as their spans say; the one that told most of them. */
export function toldBy(clients: readonly Client[], events: readonly TraceEvent[]): string | null {
  const counts = new Map<string, number>()
  for (const { attributes } of events) {
    const scope = textAt(attributes, 'otel.scope.name')
    const mark = textAt(attributes, 'agentops.client')
    const client = clients.find((one) => (mark === null ? scope !== null && one.scope?.test(scope) : one.mark === mark))
    if (client !== undefined) counts.set(client.name, (counts.get(client.name) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null
}

function textAt(attributes: unknown, name: string): string | null {
  if (typeof attributes !== 'object' || attributes === null || !(name in attributes)) return null
  const text: unknown = Object.entries(attributes).find(([key]) => key === name)?.[1]
  return typeof text === 'string' ? text : null
}
