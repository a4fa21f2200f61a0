import type { Attributes, FlatSpan } from '../../workers/domain/otlp/span.ts'

export const NOW = 1_795_000_000_000
export type SpanFields = Omit<Partial<FlatSpan>, 'attributes'> & { at?: number; attributes?: Attributes }

/** A span in the trace `t` that begins `at` milliseconds after the first one and lasts ten. */
export function span(
  spanId: string,
  parentSpanId: string,
  { at = 0, durationMs = 10, ...fields }: SpanFields,
): FlatSpan {
  return {
    traceId: 't',
    spanId,
    parentSpanId,
    name: spanId,
    endMs: NOW + at + durationMs,
    durationMs,
    statusCode: 0,
    statusMessage: '',
    attributes: {},
    events: [],
    resource: {},
    scope: 'test',
    ...fields,
  }
}

/** Of a provider. */
export const ID = 'chatcmpl-7037a92eb2c907c9526b7152'
export const usage = (input: number, output: number): Attributes => ({
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
})
/** A call of a model that the catalogue does not know. */
export const chat = (more: Attributes = {}): Attributes => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'local',
  ...more,
})
export const agent = (more: Attributes = {}): Attributes => ({ 'gen_ai.operation.name': 'invoke_agent', ...more })
