import type { Model } from './model.ts'

export interface LlmStage {
  kind: 'llm'
  step: string
  model: Model
  /** Takes over when the model's provider does not answer. */
  fallback: Model
  prompt: string
  /** Median tokens. */
  input: number
  output: number
  /** Shares of the input that come from, and go into, the prompt cache. */
  cached?: number
  cacheWrite?: number
  reasoning?: number
}
export interface ToolStage {
  kind: 'tool'
  tool: string
  ms: number
  host?: string
  times?: [number, number]
  /** What a call costs in US dollars, after those of a run that the plan includes. */
  price?: { usd: number; included: number }
  /** Share of runs in which the agent forgets what it asked, and asks the same again and again. */
  forgets?: number
}
export interface PolicyStage {
  kind: 'policy'
  policy: string
  /** Probabilities. */
  block: number
  escalate: number
}
export interface StepStage {
  kind: 'step'
  step: string
  ms: number
}

/** One thing that a workflow does, in order. */
export type Stage = LlmStage | ToolStage | PolicyStage | StepStage

type More = Pick<LlmStage, 'cached' | 'cacheWrite' | 'reasoning'>

export function llm(
  step: string,
  model: Model,
  fallback: Model,
  prompt: string,
  input: number,
  output: number,
  more: More = {},
): Stage {
  return { kind: 'llm', step, model, fallback, prompt, input, output, ...more }
}

export function tool(
  name: string,
  ms: number,
  host?: string,
  times?: [number, number],
  more: Pick<ToolStage, 'price' | 'forgets'> = {},
): Stage {
  return { kind: 'tool', tool: name, ms, host, times, ...more }
}

export function step(name: string, ms: number): Stage {
  return { kind: 'step', step: name, ms }
}

export function policy(name: string, block: number, escalate: number): Stage {
  return { kind: 'policy', policy: name, block, escalate }
}
