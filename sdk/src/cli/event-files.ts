import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { createInterface } from 'node:readline'
import { CliError } from './failure.ts'

/** Well within what the server takes in one request: 10,000 events and 5 MB. */
export const BATCH_EVENTS_MAX = 1000
const BATCH_CHARS_MAX = 1_500_000

/** Events of a file as they stand in it, so that the same file makes the same batches. */
export interface EventBatch {
  lines: string[]
  /** Of the first, from 1. */
  firstEvent: number
}

/**
 * Batches of a file or, for `-`, of standard input: NDJSON, a JSON array, `{"events":[…]}` or one event; gzip by the
 * name `.gz`. NDJSON is read as it comes, whatever its length. @throws CliError when it cannot be read.
 */
export async function* batchesOf(path: string): AsyncGenerator<EventBatch> {
  let lines: string[] = []
  let chars = 0
  let firstEvent = 1
  for await (const line of eventLines(path)) {
    if (lines.length >= BATCH_EVENTS_MAX || (lines.length > 0 && chars + line.length > BATCH_CHARS_MAX)) {
      yield { lines, firstEvent }
      firstEvent += lines.length
      lines = []
      chars = 0
    }
    lines.push(line)
    chars += line.length + 1
  }
  if (lines.length > 0) yield { lines, firstEvent }
}

async function* eventLines(path: string): AsyncGenerator<string> {
  const lines = createInterface({ input: await streamOf(path), crlfDelay: Infinity })
  const document: string[] = []
  let isNdjson = false
  for await (const line of lines) {
    if (line.trim() === '') continue
    // The first line tells: one whole object that is an event, or the beginning of a document.
    isNdjson ||= document.length === 0 && isEvent(line)
    if (isNdjson) yield line
    else document.push(line)
  }
  if (document.length > 0) yield* eventsOf(document.join('\n'), path)
}

function isEvent(line: string): boolean {
  if (!line.trimStart().startsWith('{')) return false
  try {
    return !('events' in (JSON.parse(line) as object))
  } catch {
    return false
  }
}

function eventsOf(text: string, path: string): string[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new CliError(`${path} is neither NDJSON nor JSON: ${(error as Error).message}`)
  }
  const events: unknown = Array.isArray(document) ? document : (document as { events?: unknown }).events
  if (!Array.isArray(events)) throw new CliError(`${path} holds no events: {"events":[…]}, an array, or one a line.`)
  return events.map((event) => JSON.stringify(event))
}

async function streamOf(path: string): Promise<NodeJS.ReadableStream> {
  if (path === '-') return process.stdin
  try {
    if (!(await stat(path)).isFile()) throw new Error('it is no file')
  } catch (error) {
    throw new CliError(`Cannot read ${path}: ${(error as Error).message}`)
  }
  const stream = createReadStream(path)
  return path.endsWith('.gz') ? stream.pipe(createGunzip()) : stream
}
