import { BatchHeader } from '../../contract/batch.ts'

/** Tells without reading a journal object which batches it holds: one header, and what differs from it. */
export function journalMetadata(headers: readonly BatchHeader[]): Record<string, string> {
  return {
    header: JSON.stringify(headers[0]),
    batches: JSON.stringify(headers.map(({ batch_id, received_ms, events }) => [batch_id, received_ms, events])),
  }
}

/** What `journalMetadata` told; empty when it cannot be read. */
export function headersOf(metadata: Record<string, string> | undefined): BatchHeader[] {
  try {
    const first = BatchHeader.parse(JSON.parse(metadata?.header ?? 'null'))
    const batches = JSON.parse(metadata?.batches ?? 'null') as [string, number, number][]
    return batches.map(([batch_id, received_ms, events]) => ({ ...first, batch_id, received_ms, events }))
  } catch {
    return []
  }
}
