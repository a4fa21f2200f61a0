import type { Fields, Span } from './span.ts'
import { factsOf } from './usage.ts'

type Json = Record<string, unknown>

/** What the events of a streamed answer say in the end. */
export class StreamFacts {
  timeToFirstTokenMs: number | null = null
  error: unknown = undefined
  hasEnded = false
  readonly #start = performance.now()
  #id: unknown
  #model: unknown
  #usage: Json | null = null

  /** One event of OpenAI (chat completions, responses) or Anthropic (messages); `[DONE]` too. */
  see(data: string): Json | null {
    if (data === '[DONE]') {
      this.hasEnded = true
      return null
    }
    let event: Json
    try {
      event = JSON.parse(data) as Json
    } catch {
      return null
    }
    const { type, message, response, error, choices } = event
    const holder = (message ?? response ?? event) as Json
    this.#id ??= holder['id']
    this.#model ??= holder['model']
    this.#count(holder['usage'])
    const failure = error ?? (response as Json | undefined)?.['error']
    if (failure != null) this.error ??= failure
    const choice = (Array.isArray(choices) ? choices[0] : undefined) as
      { delta?: Json; finish_reason?: unknown } | undefined
    if (this.timeToFirstTokenMs === null && isContent(type, choice?.delta))
      this.timeToFirstTokenMs = Math.round(performance.now() - this.#start)
    if (
      choice?.finish_reason != null ||
      type === 'message_stop' ||
      /^response\.(completed|incomplete|failed)$/.test(String(type))
    )
      this.hasEnded = true
    return event
  }

  fields(): Fields {
    const { responseId, ...facts } = factsOf({ id: this.#id, model: this.#model, usage: this.#usage ?? {} })
    return {
      ...facts,
      ...(this.timeToFirstTokenMs !== null && { time_to_first_token_ms: this.timeToFirstTokenMs }),
      ...(responseId !== undefined && { attributes: { 'gen_ai.response.id': responseId } }),
    }
  }

  /** Later counts replace earlier ones: Anthropic tells prompt tokens first and the others, summed up, at the end. */
  #count(usage: unknown): void {
    if (typeof usage !== 'object' || usage === null) return
    const known = Object.entries(usage).filter(([, value]) => value != null)
    this.#usage = { ...this.#usage, ...Object.fromEntries(known) }
  }
}

function isContent(type: unknown, delta: Json | undefined): boolean {
  if (typeof type === 'string') return type === 'content_block_delta' || /^response\..*delta$/.test(type)
  return (
    delta !== undefined &&
    Object.entries(delta).some(([name, value]) => name !== 'role' && value != null && value !== '')
  )
}

/** The answer ended before it said that it was complete. */
class StreamTruncated extends Error {
  override readonly name = 'ConnectionClosed'
}

/**
 * Passes server-sent events on as they come and ends the span with what they say. `hide` keeps events from the reader.
 */
export function observedEvents(
  body: ReadableStream<Uint8Array>,
  span: Span,
  hide: (event: Record<string, unknown>) => boolean,
): ReadableStream<Uint8Array> {
  const facts = new StreamFacts()
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ''
  const end = (error?: unknown) => {
    span.set(facts.fields())
    span.end(error ?? facts.error ?? (facts.hasEnded ? undefined : new StreamTruncated('The stream ended too early.')))
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          const { done, value } = await reader.read()
          const blocks = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split(
            /(?<=\r?\n\r?\n)/,
          )
          rest = done ? '' : (blocks.pop() ?? '')
          const shown = blocks.filter((block) => !hides(block, facts, hide)).join('')
          if (shown !== '') controller.enqueue(encoder.encode(shown))
          if (done) {
            end()
            controller.close()
          }
          if (done || shown !== '') return
        }
      } catch (error) {
        end(error)
        controller.error(error)
      }
    },
    async cancel(reason) {
      end(new DOMException('The reader went away.', 'AbortError'))
      await reader.cancel(reason)
    },
  })
}

function hides(block: string, facts: StreamFacts, hide: (event: Record<string, unknown>) => boolean): boolean {
  const data = block
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('\n')
  const event = data === '' ? null : facts.see(data)
  return event !== null && hide(event)
}
