import * as z from 'zod'
import { ProjectTenant } from './tenant.ts'

/** The header of a batch in the queue, the journal and the dead-letter store. Additive changes only. */
export const BatchHeader = ProjectTenant.extend({
  v: z.literal(1),
  /** 32 hex digits of the body's hash, with `.n` for the n-th part of a batch that was split. */
  batch_id: z.string().regex(/^[0-9a-f]{32}(\.\d+)?$/),
  /** When the edge took it, epoch milliseconds. */
  received_ms: z.number().int(),
  events: z.number().int().min(1),
  /** Key in the cell's bucket where the same bytes lie, when it was journaled. */
  journal: z.string().optional(),
  /** The message carries the header only; the body is at `journal`. */
  pointer: z.boolean().optional(),
})
export type BatchHeader = z.infer<typeof BatchHeader>

/** Per-batch lifecycle that a receipt reports. */
export const RECEIPT_STATES = ['journaled', 'queued', 'applied', 'dead'] as const

export const Receipt = z.object({
  id: z.string(),
  project_id: z.string(),
  state: z.enum(RECEIPT_STATES),
  received_at: z.string().nullable(),
  applied_at: z.string().nullable(),
  parts: z.array(
    z.object({
      batch_id: z.string(),
      state: z.enum(RECEIPT_STATES),
      events: z.number().int().nullable(),
      /** Cost-bearing events of this part that no earlier batch had brought. */
      ledger_entries: z.number().int().nullable(),
      detail: z.string().nullable(),
    }),
  ),
})
export type Receipt = z.infer<typeof Receipt>

/** Up to when a project's data are complete. `lost` counts acknowledged events known to be dead. */
export const Watermark = z.object({
  project_id: z.string(),
  complete_until: z.string(),
  events_behind: z.number().int(),
  batches_behind: z.number().int(),
  dead_letters: z.number().int(),
  lost: z.number().int(),
})
export type Watermark = z.infer<typeof Watermark>

/** One event that an answer of `POST /v1/events` refuses. */
export const Rejection = z.object({
  index: z.number().int(),
  code: z.string(),
  /** JSON pointer into the event, empty for the whole. */
  pointer: z.string(),
  detail: z.string(),
})
export type Rejection = z.infer<typeof Rejection>

export const IngestAnswer = z.object({
  accepted: z.number().int(),
  rejected: z.array(Rejection),
  receipt_id: z.string().nullable(),
})
export type IngestAnswer = z.infer<typeof IngestAnswer>
