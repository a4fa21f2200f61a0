import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer'
import zlib from 'node:zlib'
import type { ArchiveDeps, ArchivedEvent } from '../../services/recovery/archive.ts'

const TEXT = [
  'event_type',
  'trace_id',
  'span_id',
  'event_id',
  'parent_span_id',
  'session_id',
  'user_id',
  'agent_id',
  'workflow_id',
  'workflow_version',
  'step',
  'environment',
  'provider',
  'model',
  'prompt_version',
  'status',
  'error_type',
  'error_raw',
  'error_message_hash',
  'tool_name',
  'fallback_from',
  'fallback_to',
  'policy_id',
  'policy_result',
  'outcome',
  'egress_host',
  'reservation_id',
  'cost_source',
  'batch_id',
] as const
const INTEGERS = [
  'tokens_prompt',
  'tokens_completion',
  'tokens_total',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'attempt',
  'queue_depth',
] as const
const DOUBLES = ['latency_ms', 'time_to_first_token_ms'] as const
const DOCUMENTS = ['scores', 'pii_detected', 'pii_redacted', 'attributes', 'input', 'output'] as const

/** Parquet files in a cell's bucket, ZSTD, readable by DuckDB, Spark and the like. */
export function parquetArchive(bucket: R2Bucket): Pick<ArchiveDeps, 'writeArchive'> {
  return {
    async writeArchive(name, events) {
      await bucket.put(name, toParquet(events), { httpMetadata: { contentType: 'application/vnd.apache.parquet' } })
    },
  }
}

export function toParquet(events: readonly ArchivedEvent[]): ArrayBuffer {
  const integers = (pick: (e: ArchivedEvent) => number | null | undefined) =>
    events.map((e) => {
      const n = pick(e)
      return n == null ? null : BigInt(n)
    })
  const columnData: ColumnSource[] = [
    { name: 'timestamp', data: events.map((e) => new Date(e.timestamp)), type: 'TIMESTAMP', nullable: false },
    ...TEXT.map((name): ColumnSource => ({ name, data: events.map((e) => e[name] ?? null), type: 'STRING' })),
    { name: 'cost_nanousd', data: integers((e) => e.paid_nanousd), type: 'INT64' },
    ...INTEGERS.map((name): ColumnSource => ({ name, data: integers((e) => e[name]), type: 'INT64' })),
    ...DOUBLES.map((name): ColumnSource => ({ name, data: events.map((e) => e[name] ?? null), type: 'DOUBLE' })),
    ...DOCUMENTS.map((name): ColumnSource => ({
      name,
      data: events.map((e) => (e[name] === undefined ? null : JSON.stringify(e[name]))),
      type: 'STRING',
    })),
  ]
  return parquetWriteBuffer({
    columnData,
    codec: 'ZSTD',
    rowGroupSize: 10_000,
    compressors: { ZSTD: (bytes: Uint8Array) => new Uint8Array(zlib.zstdCompressSync(bytes)) },
  })
}
