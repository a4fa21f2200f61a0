import type { AgentOps } from './client.ts'
import { allowedTools, permit, type ModelGuard } from './model-guard.ts'
import { responseIdOf, type Fields, type Span } from './span.ts'
import { factsOf } from './usage.ts'

export { denialOf } from './fetch.ts'
export type { GuardedWork, ModelCall } from './model-guard.ts'

export interface MiddlewareOptions<V> extends Omit<ModelGuard, 'downgrade'> {
  /** Of the language models: `v3` in AI SDK 6, `v4` in AI SDK 7. */
  specificationVersion: V
  /** What the events of all calls say besides. */
  fields?: Fields
}

interface Model {
  provider: string
  modelId: string
  doGenerate(params: never): PromiseLike<unknown>
  doStream(params: never): PromiseLike<unknown>
}

interface Streamed {
  stream: ReadableStream<unknown>
}

/** What `wrapLanguageModel` takes, in the words that its versions have in common. */
export interface Middleware<V> {
  readonly specificationVersion: V
  wrapGenerate<R>(call: { doGenerate: () => PromiseLike<R>; params: object; model: Model }): Promise<R>
  wrapStream<R extends Streamed>(call: { doStream: () => PromiseLike<R>; params: object; model: Model }): Promise<R>
}

/**
 * Middleware for `wrapLanguageModel` of the Vercel AI SDK: reports each call of a model, and with `guard` asks first.
 * @throws GuardDenied from the calls that the guard refuses.
 */
export function agentOpsMiddleware<V extends 'v3' | 'v4'>(
  agent: AgentOps,
  options: MiddlewareOptions<V>,
): Middleware<V> {
  return {
    specificationVersion: options.specificationVersion,
    async wrapGenerate<R>({
      doGenerate,
      params,
      model,
    }: {
      doGenerate: () => PromiseLike<R>
      params: object
      model: Model
    }): Promise<R> {
      const span = spanOf(agent, model, options)
      return span.within(async () => {
        const limited = await admitted(agent, span, model, params, options)
        const result = await (limited === params
          ? doGenerate()
          : (model.doGenerate(limited as never) as PromiseLike<R>))
        tell(span, result)
        return result
      })
    },
    async wrapStream<R extends Streamed>({
      doStream,
      params,
      model,
    }: {
      doStream: () => PromiseLike<R>
      params: object
      model: Model
    }): Promise<R> {
      const span = spanOf(agent, model, options)
      try {
        const limited = await admitted(agent, span, model, params, options)
        const result = await (limited === params ? doStream() : (model.doStream(limited as never) as PromiseLike<R>))
        return { ...result, stream: observedParts(result.stream, span) }
      } catch (error) {
        span.end(error)
        throw error
      }
    },
  }
}

function spanOf(agent: AgentOps, { provider, modelId }: Model, { fields }: { fields?: Fields }): Span {
  // "openai.responses" and "openai.chat" are one provider.
  const name = provider.split('.')[0] ?? provider
  return agent.span('agent.step', { step: modelId, provider: name, model: modelId, ...fields })
}

/** The parameters, without tools that may not be called. @throws GuardDenied. */
async function admitted(
  agent: AgentOps,
  span: Span,
  model: Model,
  params: object,
  options: ModelGuard,
): Promise<object> {
  const call = {
    provider: model.provider.split('.')[0] ?? '',
    model: model.modelId,
    body: params as Record<string, unknown>,
  }
  const { toolsAllowed } = await permit(agent, span, call, options)
  const { tools, toolChoice } = params as { tools?: { name?: string }[]; toolChoice?: { toolName?: string } }
  if (toolsAllowed === null || !tools) return params
  const kept = allowedTools(tools, toolsAllowed)
  if (kept.length === tools.length) return params
  const isChoiceGone =
    kept.length === 0 || (toolChoice?.toolName !== undefined && !toolsAllowed.includes(toolChoice.toolName))
  return { ...params, tools: kept.length > 0 ? kept : undefined, ...(isChoiceGone && { toolChoice: undefined }) }
}

function tell(span: Span, answer: unknown): void {
  const { responseId, ...facts } = factsOf(answer)
  span.set({ ...facts, ...(responseId !== undefined && { attributes: responseIdOf(responseId) }) })
}

interface Part {
  type?: string
  id?: string
  modelId?: string
  usage?: unknown
  error?: unknown
}

const CONTENT = new Set(['text-delta', 'reasoning-delta', 'tool-input-start', 'tool-input-delta', 'tool-call'])

/** Passes the parts of a stream on, and ends the span with what they say. */
function observedParts(stream: ReadableStream<unknown>, span: Span): ReadableStream<unknown> {
  const start = performance.now()
  const response: { id?: string; modelId?: string } = {}
  const reader = stream.getReader()
  let firstMs: number | null = null
  let error: unknown
  const see = (part: Part) => {
    if (firstMs === null && CONTENT.has(part.type ?? '')) firstMs = Math.round(performance.now() - start)
    if (part.type === 'response-metadata') Object.assign(response, { id: part.id, modelId: part.modelId })
    if (part.type === 'finish') tell(span, { usage: part.usage, response })
    if (part.type === 'error') error ??= part.error
  }
  const end = (thrown?: unknown) => {
    if (firstMs !== null) span.set({ time_to_first_token_ms: firstMs })
    span.end(thrown ?? error)
  }
  return new ReadableStream<unknown>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) {
          see(value as Part)
          return controller.enqueue(value)
        }
        end()
        controller.close()
      } catch (thrown) {
        end(thrown)
        controller.error(thrown)
      }
    },
    async cancel(reason) {
      end(new DOMException('The reader went away.', 'AbortError'))
      await reader.cancel(reason)
    },
  })
}
