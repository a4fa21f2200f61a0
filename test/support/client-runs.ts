import type { Call, Run } from './clients.ts'

/**
 * What the recorded agents did, as their provider counted it. Each run asks, calls `lookup_order`, calls `issue_refund`, which
 * fails, and answers: three calls of a model, whose prompts grow. Money is what the catalogue asks for these
 * counts, worked out by hand, in millionths of a US dollar.
 */
export const micro = (usd: number): number => Math.round(usd * 1000)

type Parts = Partial<Omit<Call, 'model' | 'prompt' | 'completion' | 'nano'>>
export const call = (model: string, prompt: number, completion: number, usd: number, parts: Parts = {}): Call => ({
  model,
  prompt,
  completion,
  nano: micro(usd),
  cached: 128,
  ...parts,
})
export const failed = (model: string, error: string): Call => ({ model, error })

const USES = { finish: 'tool_call' }
const STOPS = { finish: 'stop' }
const GPT = 'gpt-4o-2024-08-06'
const MINI = 'gpt-4o-mini-2024-07-18'

/** Of gpt-4o: 2.50, cached 1.25, out 10 dollars for a million. */
export const GPT_LOOP = [
  call(GPT, 450, 39, 1355, USES),
  call(GPT, 500, 41, 1500, USES),
  call(GPT, 550, 43, 1645, STOPS),
]
/** The same without a system message, as LangChain and one Vercel run ask. */
export const GPT_SHORT = [
  call(GPT, 425, 38, 1282.5, USES),
  call(GPT, 475, 40, 1427.5, USES),
  call(GPT, 525, 42, 1572.5, STOPS),
]
/** Of gpt-4o-mini: 0.15, 0.075, 0.60. */
export const MINI_LOOP = [
  call(MINI, 450, 39, 81.3, USES),
  call(MINI, 500, 41, 90, USES),
  call(MINI, 550, 43, 98.7, STOPS),
]
/** Of o4-mini: 1.10, 0.275, 4.40; 12 of the tokens that came back are reasoning. */
export const REASONING_LOOP = [
  call('o4-mini-2025-04-16', 450, 51, 613.8, { ...USES, reasoning: 12 }),
  call('o4-mini-2025-04-16', 525, 54, 709.5, { ...USES, reasoning: 12 }),
  call('o4-mini-2025-04-16', 600, 57, 805.2, { ...STOPS, reasoning: 12 }),
]
/** One answer of the Responses API. */
export const REASONING = call('o4-mini-2025-04-16', 425, 50, 581.9, { ...STOPS, reasoning: 12 })

/** Anthropic counts 233 tokens beside 128 from the cache and 64 into it; dollars for a million, in, cached, written, out. */
export const claudeLoop = (model: string, usd: [number, number, number]): Call[] => [
  call(model, 425, 38, usd[0], { write: 64, ...USES }),
  call(model, 475, 40, usd[1], { write: 64, ...USES }),
  call(model, 525, 42, usd[2], { write: 64, ...STOPS }),
]
export const SONNET_4_5: [number, number, number] = [1547.4, 1727.4, 1907.4]
export const SONNET_5: [number, number, number] = [1031.6, 1151.6, 1271.6]
export const HAIKU: [number, number, number] = [515.8, 575.8, 635.8]

export const without = (calls: Call[], ...parts: (keyof Call)[]): Call[] =>
  calls.map(
    (one) =>
      Object.fromEntries(
        Object.entries(one).filter(([name]) => !parts.includes(name as keyof Call)),
      ) as unknown as Call,
  )
export const renamed = (calls: Call[], model: string): Call[] => calls.map((one) => ({ ...one, model }))

/** The tools of a run, by how its second one failed. */
export const tools = (error: string) => ['lookup_order', `issue_refund ${error}`]
/** The gateway's own error is a timeout, where its code or its message is told. */
export const TOOLS = tools('tool_timeout')
export const OURS: Partial<Run> = { user: 'user-77', session: 'sess-2026-11-23-a' }
