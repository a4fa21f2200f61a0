import { BATCH_EVENTS_MAX, sendEvents, type EventsClient } from './client.ts'
import type { Instrumentation, Trace } from './model.ts'
import { eventsOf, type FleetEvent } from './native.ts'
import { otelAgent, type OtelAgent } from './otel.ts'

/** The fleet's two ways in: native events, and the OpenTelemetry SDK. */
export interface Delivery {
  /** Sends whole traces; resolves when the server has taken them durably. Returns how many native events went. */
  send(traces: readonly Trace[]): Promise<number>
  /** Native events alone, such as those of a trace that is still running. */
  sendEvents(events: readonly FleetEvent[]): Promise<void>
  /** Records traces that have ended for the next export of their agent. */
  record(trace: Trace): void
  flush(): Promise<void>
  close(): Promise<void>
}

export function delivery(client: EventsClient): Delivery {
  const agents = new Map<string, OtelAgent>()
  const record = (trace: Trace) => {
    let agent = agents.get(trace.agent)
    if (agent === undefined)
      agents.set(
        trace.agent,
        (agent = otelAgent({ ...client, encoding: encodingOf(trace.instrumentation), service: trace.agent })),
      )
    agent.record(trace)
  }
  const flush = async () => {
    await Promise.all([...agents.values()].map((agent) => agent.flush()))
  }
  const sendNative = async (events: readonly FleetEvent[]) => {
    for (const batch of batchesOf(events)) await sendEvents(client, batch)
  }
  return {
    async send(traces) {
      const native = traces.filter((trace) => trace.instrumentation === 'native').flatMap(eventsOf)
      for (const trace of traces) if (trace.instrumentation !== 'native') record(trace)
      await Promise.all([sendNative(native), flush()])
      return native.length
    },
    sendEvents: sendNative,
    record,
    flush,
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.shutdown()))
    },
  }
}

function encodingOf(instrumentation: Instrumentation): 'otlp-protobuf' | 'otlp-json' {
  return instrumentation === 'otlp-json' ? 'otlp-json' : 'otlp-protobuf'
}

function* batchesOf(events: readonly FleetEvent[]): Generator<readonly FleetEvent[]> {
  for (let i = 0; i < events.length; i += BATCH_EVENTS_MAX) yield events.slice(i, i + BATCH_EVENTS_MAX)
}
