import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import {
  ByteWriter,
  ParquetWriter,
  parquetWriteBuffer,
  schemaFromColumnData,
  type ColumnSource,
} from 'hyparquet-writer'
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
  'response_id',
  'service_tier',
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
  'tokens_cache_write_1h',
  'tokens_prompt_audio',
  'tokens_cached_audio',
  'tokens_prompt_image',
  'tokens_completion_audio',
  'tokens_completion_image',
  'attempt',
  'queue_depth',
] as const
const DOUBLES = ['latency_ms', 'time_to_first_token_ms'] as const
const DOCUMENTS = ['scores', 'pii_detected', 'pii_redacted', 'attributes', 'input', 'output'] as const

/** Parquet files in a cell's bucket, GZIP, readable by DuckDB, Spark and the like. */
export function parquetArchive(bucket: R2Bucket): Pick<ArchiveDeps, 'writeArchive'> {
  return {
    async writeArchive(name, events) {
      await bucket.put(name, toParquet(events), { httpMetadata: { contentType: 'application/vnd.apache.parquet' } })
    },
  }
}

const ROWS_PER_GROUP = 10_000
/** Not ZSTD: workerd's `zstdCompressSync` fails on what stays over 32 KiB when it is packed. */
const GZIP = {
  codec: 'GZIP',
  compressors: { GZIP: (bytes: Uint8Array) => new Uint8Array(zlib.gzipSync(bytes)) },
} as const
/** Of files that were written before, too. */
const UNPACK = {
  GZIP: (bytes: Uint8Array) => new Uint8Array(zlib.gunzipSync(bytes)),
  ZSTD: (bytes: Uint8Array) => new Uint8Array(zlib.zstdDecompressSync(bytes)),
}

export function toParquet(events: readonly ArchivedEvent[]): ArrayBuffer {
  return parquetWriteBuffer({ columnData: columnsOf(events), rowGroupSize: ROWS_PER_GROUP, ...GZIP })
}

/** The events of a file of ours, group by group. */
export async function* fromParquet(file: ArrayBuffer): AsyncGenerator<ArchivedEvent[]> {
  const metadata = parquetMetadata(file)
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors: UNPACK })
    yield rows.map(eventOf)
    rowStart = rowEnd
  }
}

/** Writes a file of ours from groups that come one after another: only one of them is in memory at a time. */
export async function parquetOf(groups: AsyncIterable<ArchivedEvent[]>): Promise<ArrayBuffer> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData: columnsOf([]) }), ...GZIP })
  for await (const events of groups) await file.write({ columnData: columnsOf(events), rowGroupSize: ROWS_PER_GROUP })
  await file.finish()
  return writer.getBuffer()
}

function columnsOf(events: readonly ArchivedEvent[]): ColumnSource[] {
  const integers = (pick: (e: ArchivedEvent) => number | null | undefined) =>
    events.map((e) => {
      const n = pick(e)
      return n == null ? null : BigInt(n)
    })
  return [
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
}

/** A row as `columnsOf` wrote it. */
function eventOf({ timestamp, cost_nanousd, ...row }: Record<string, unknown>): ArchivedEvent {
  const event: Record<string, unknown> = {
    timestamp: (timestamp as Date).getTime(),
    paid_nanousd: cost_nanousd == null ? null : Number(cost_nanousd),
    batch_id: row['batch_id'],
    cost_source: row['cost_source'] ?? null,
  }
  for (const name of TEXT) if (row[name] != null) event[name] = row[name]
  for (const name of INTEGERS) if (row[name] != null) event[name] = Number(row[name])
  for (const name of DOUBLES) if (row[name] != null) event[name] = row[name]
  for (const name of DOCUMENTS) if (row[name] != null) event[name] = JSON.parse(row[name] as string)
  return event as unknown as ArchivedEvent
}
