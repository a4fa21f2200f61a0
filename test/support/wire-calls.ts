export const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
export const json = (headers: Record<string, string>, body: unknown, method = 'POST'): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
export const basic = (key: string) => ({ authorization: `Basic ${btoa(`pk-lf-any:${key}`)}` })
export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
export const xKey = (key: string) => ({ 'x-api-key': key })

export const METADATA = { ls_provider: 'openai', ls_model_name: 'gpt-4o', user_id: 'u-1' }
export const USAGE = {
  input_tokens: 450,
  output_tokens: 39,
  total_tokens: 489,
  input_token_details: { cache_read: 128 },
}
export const run = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  trace_id: id,
  name: 'call',
  run_type: 'llm',
  start_time: ago(1000),
  end_time: Date.now() - 500,
  extra: { metadata: { ...METADATA, usage_metadata: USAGE } },
  ...more,
})
/** One call of a model, as each client would tell it in one request. */
export const CALL = {
  '/runs': (id: string) => run(id),
  '/runs/batch': (id: string) => ({ post: [run(id)], patch: [] }),
  '/api/public/ingestion': (id: string) => ({
    batch: [
      { id: 'e1', type: 'trace-create', timestamp: ago(900), body: { id, name: 'flow', userId: 'u-1' } },
      {
        id: 'e2',
        type: 'generation-create',
        timestamp: ago(800),
        body: {
          id: `${id}.g`,
          traceId: id,
          name: 'call',
          model: 'gpt-4o',
          startTime: ago(1000),
          endTime: ago(500),
          usageDetails: { input: 322, input_cached_tokens: 128, output: 39, total: 489 },
        },
      },
    ],
  }),
  '/v1/traces/ingest': (id: string) => ({
    data: [
      { object: 'trace', id, workflow_name: 'flow', metadata: { user_id: 'u-1' } },
      {
        object: 'trace.span',
        id: `${id}.s`,
        trace_id: id,
        parent_id: null,
        started_at: ago(1000),
        ended_at: ago(500),
        span_data: { type: 'generation', model: 'gpt-4o', usage: USAGE },
      },
    ],
  }),
  '/v1/runs/ingest': (id: string) => ({
    events: [
      { type: 'llm', event: 'start', runId: id, name: 'gpt-4o', userId: 'u-1', timestamp: Date.now() - 1000 },
      {
        type: 'llm',
        event: 'end',
        runId: id,
        timestamp: Date.now() - 500,
        tokensUsage: { prompt: 450, completion: '39' },
      },
    ],
  }),
  '/v1/litellm': (id: string) => ({
    id: `${id}.c`,
    trace_id: id,
    call_type: 'acompletion',
    status: 'success',
    model: 'gpt-4o',
    end_user: 'u-1',
    startTime: Date.now() / 1000 - 1,
    endTime: Date.now() / 1000 - 0.5,
    metadata: { usage_object: USAGE },
  }),
  '/batch/': (id: string) => ({
    batch: [
      {
        event: '$ai_generation',
        uuid: `${id}.c`,
        distinct_id: 'u-1',
        timestamp: ago(500),
        properties: {
          $ai_trace_id: id,
          $ai_model: 'gpt-4o',
          $ai_latency: 0.5,
          $ai_input_tokens: 450,
          $ai_cache_read_input_tokens: 128,
          $ai_output_tokens: 39,
        },
      },
      { event: '$pageview', distinct_id: 'u-1' },
    ],
  }),
} as const
export type Path = keyof typeof CALL
export const PATHS = Object.keys(CALL) as Path[]
export const OWN_FORM: Record<Path, (key: string) => Record<string, string>> = {
  '/runs': xKey,
  '/runs/batch': xKey,
  '/api/public/ingestion': basic,
  '/v1/traces/ingest': bearer,
  '/v1/runs/ingest': bearer,
  '/v1/litellm': bearer,
  '/batch/': bearer,
}
