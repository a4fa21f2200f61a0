import type { projectTelemetry } from '$lib/telemetry.ts'
import type { Seen } from './first-trace.svelte.ts'

/** The newest trace of a project, and which client told of it. */
export async function latestTrace(of: ReturnType<typeof projectTelemetry>): Promise<Seen | null> {
  const trace = (await of.traces({ limit: '1' })).data[0]
  if (trace === undefined) return null
  const [detail, { clientsOf, toldBy }] = await Promise.all([
    of.trace(trace.trace_id).catch(() => null),
    // Only who waits until something comes needs to know every client.
    import('./clients.ts'),
  ])
  const clients = clientsOf({ nowMs: 0, traceId: '', spanId: '' })
  return { trace, from: detail && toldBy(clients, detail.events) }
}
