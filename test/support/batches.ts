import { gzipSync } from 'node:zlib'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { ProjectTenant } from '../../workers/contract/tenant.ts'
import type { DecodedBatch } from '../../workers/domain/commit-plan.ts'
import { encodeEnvelope } from '../../workers/domain/envelope.ts'

let serial = 0

/** A tenant of its own for each test: storage is shared within a file. */
export function freshTenant(cell: ProjectTenant['cell'] = 'global'): ProjectTenant {
  serial++
  const mark = `${serial}x${crypto.randomUUID().slice(0, 8)}`
  return { org_id: `org_${mark}`, workspace_id: `ws_${mark}`, project_id: `prj_${mark}`, cell, shard: 0 }
}

/** Packs events as the edge does. */
export function makeBatch(tenant: ProjectTenant, events: CanonicalEvent[], batchId = randomBatchId()): DecodedBatch {
  const body = new Uint8Array(gzipSync(JSON.stringify(events), { level: 1 }))
  return {
    header: { v: 1, batch_id: batchId, received_ms: Date.now(), events: events.length, ...tenant },
    events,
    body,
  }
}

export function envelopeOf(batch: DecodedBatch): Uint8Array {
  return encodeEnvelope({ header: batch.header, body: batch.body })
}

export function randomBatchId(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

/** A trace of one request with `llmCalls` priced steps; its cost is `costNanousd` per call. */
export function traceEvents(
  traceId: string,
  llmCalls: number,
  costNanousd: number,
  atMs = Date.now(),
): CanonicalEvent[] {
  const common = {
    trace_id: traceId,
    agent_id: 'agent',
    workflow_id: 'flow',
    workflow_version: 'v1',
    user_id: 'u1',
    environment: 'test',
  }
  const steps = Array.from({ length: llmCalls }, (_, i): CanonicalEvent => ({
    ...common,
    event_type: 'agent.step.completed',
    timestamp: atMs + i,
    span_id: `s${i}`,
    parent_span_id: 'root',
    step: `step ${i}`,
    provider: 'openai',
    model: 'gpt-4o',
    status: 'ok',
    latency_ms: 100,
    tokens_prompt: 10,
    tokens_completion: 5,
    tokens_total: 15,
    cost_nanousd: costNanousd,
  }))
  const root: CanonicalEvent = {
    ...common,
    event_type: 'agent.request.completed',
    timestamp: atMs + llmCalls,
    span_id: 'root',
    status: 'ok',
    outcome: 'success',
    latency_ms: 200,
  }
  return [...steps, root]
}
