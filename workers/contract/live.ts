import * as z from 'zod'
import type { ProjectTenant } from './tenant.ts'

/** What LiveFeed tells its listeners of one event: enough for a row, never content. */
export const LiveEvent = z.object({
  event_type: z.string(),
  timestamp: z.number(),
  trace_id: z.string(),
  span_id: z.string(),
  agent_id: z.string().optional(),
  workflow_id: z.string().optional(),
  step: z.string().optional(),
  model: z.string().optional(),
  tool_name: z.string().optional(),
  status: z.string().optional(),
  error_type: z.string().optional(),
  latency_ms: z.number().optional(),
  tokens_total: z.number().optional(),
  cost_nanousd: z.number().optional(),
  /** Its model has no price: what it costs is not known. */
  unpriced: z.boolean().optional(),
  environment: z.string().optional(),
  user_id: z.string().optional(),
})
export type LiveEvent = z.infer<typeof LiveEvent>

/** Server → client. `cursor` resumes; `omitted` counts events of this commit that were not listed. */
export const LiveMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), cursor: z.number().int(), replayed: z.number().int(), gap: z.boolean() }),
  z.object({
    type: z.literal('events'),
    cursor: z.number().int(),
    at_ms: z.number(),
    events: z.array(LiveEvent),
    omitted: z.number().int(),
  }),
  z.object({ type: z.literal('slow'), cursor: z.number().int(), detail: z.string() }),
])
export type LiveMessage = z.infer<typeof LiveMessage>

/** Edge → LiveFeed: batches it has made durable, told before or just after their 202. */
export interface IntakeEntry {
  batch_id: string
  events: number
  received_ms: number
}

/** Pipeline → LiveFeed: one commit's part for one project; idempotent by commit_id. */
export interface LivePublish {
  tenant: z.infer<typeof ProjectTenant>
  commit_id: string
  batches: IntakeEntry[]
  events: LiveEvent[]
  omitted: number
}

/** The RPC of the LiveFeed Durable Object (one per project). */
export interface LiveFeedRpc {
  /** Registers batches that are durable but not yet applied. Idempotent by batch_id. */
  accepted(entries: IntakeEntry[]): Promise<void>
  publish(message: LivePublish): Promise<void>
  /** Batches that became dead letters leave the open set; they are counted as dead until replayed. */
  dead(batchIds: string[]): Promise<void>
  watermark(): Promise<{
    complete_until_ms: number
    events_behind: number
    batches_behind: number
    oldest_received_ms: number | null
  }>
  /** Whether this batch is registered and open, and since when. */
  open(batchId: string): Promise<IntakeEntry | null>
}
