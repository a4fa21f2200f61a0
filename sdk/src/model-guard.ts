import type { AgentOps } from './client.ts'
import type { ReserveAnswer, Work } from './contract.ts'
import { GuardDenied } from './guard.ts'
import type { Span } from './span.ts'

/** A call of a model as middleware sees it; `body` is what the provider is sent. */
export interface ModelCall {
  provider: string
  model: string
  body: Record<string, unknown>
}

export type GuardedWork = Partial<Work> & Pick<Work, 'estimate_usd'>

export interface ModelGuard {
  /** What is asked for; `estimate_usd` is the most that the call may cost. Left out, the guard is not asked. */
  guard?: GuardedWork | ((call: ModelCall) => GuardedWork)
  /** True takes the model that a budget offers instead of refusing. */
  downgrade?: boolean
}

export interface Permit {
  /** The model that was allowed: another one after a downgrade. */
  model: string
  /** Of the tools that are offered to the model, those that it may call; null means all. */
  toolsAllowed: string[] | null
}

/** Asks the guard for a call of a model. @throws GuardDenied. */
export async function permit(
  agent: AgentOps,
  span: Span,
  call: ModelCall,
  { guard, downgrade }: ModelGuard,
): Promise<Permit> {
  if (guard === undefined) return { model: call.model, toolsAllowed: null }
  const ask = (model: string): Promise<ReserveAnswer> => {
    const work = typeof guard === 'function' ? guard({ ...call, model }) : guard
    return agent.guard.reserve(span.workOf({ ...work, provider: call.provider, model }))
  }
  let model = call.model
  let answer = await ask(model)
  if (answer.decision !== 'allow' && downgrade === true && answer.downgrade_to !== null) {
    model = answer.downgrade_to
    answer = await ask(model)
    if (answer.decision === 'allow') {
      span.event('agent.fallback.triggered', { fallback_from: call.model, fallback_to: model })
      span.set({ model })
    }
  }
  if (answer.decision !== 'allow') throw new GuardDenied(answer)
  span.hold(answer)
  return { model, toolsAllowed: answer.controls?.tools_allowed ?? null }
}

interface Tool {
  name?: unknown
  function?: { name?: unknown }
}

/** The tools of a request without those that are not allowed; tools without a name are the provider's own, and stay. */
export function allowedTools<T>(tools: readonly T[], allowed: readonly string[]): T[] {
  return tools.filter((tool) => {
    const name = nameOf(tool as Tool)
    return typeof name !== 'string' || allowed.includes(name)
  })
}

export function nameOf(tool: Tool | null | undefined): unknown {
  return tool?.function?.name ?? tool?.name
}
