import { pick, pickText } from './attributes.ts'
import type { FlatSpan } from './span.ts'

/** `llm`: one call of a model. `agent`: what an agent or workflow did, whose usage is a roll-up. */
export type SpanClass = 'llm' | 'tool' | 'agent' | 'other'

const OPERATIONS: Record<string, SpanClass> = {
  chat: 'llm',
  generate_content: 'llm',
  text_completion: 'llm',
  embeddings: 'llm',
  llm_call: 'llm',
  execute_tool: 'tool',
  tool_call: 'tool',
  invoke_agent: 'agent',
  invoke_workflow: 'agent',
  create_agent: 'agent',
}
/** OpenInference's and OpenLLMetry's span kinds. */
const KINDS: Record<string, SpanClass> = {
  LLM: 'llm',
  EMBEDDING: 'llm',
  TOOL: 'tool',
  AGENT: 'agent',
  CHAIN: 'agent',
  workflow: 'agent',
  agent: 'agent',
  task: 'agent',
  tool: 'tool',
}

/** What a span is, by the attributes that each convention marks it with. */
export function classOfSpan({ attributes, name }: FlatSpan): SpanClass {
  const operation = pickText(attributes, 'operation')
  const byOperation = operation === undefined ? undefined : own(OPERATIONS, operation)
  const byKind = byOperation ?? own(KINDS, pickText(attributes, 'span_kind') ?? '')
  if (byKind !== undefined) return byKind
  const vercel = pickText(attributes, 'vercel_operation')
  if (vercel !== undefined) {
    if (/\.do(Generate|Stream|Embed)$/.test(vercel)) return 'llm'
    return vercel === 'ai.toolCall' ? 'tool' : 'agent'
  }
  if (pick(attributes, 'tool_name') !== undefined) return 'tool'
  const counts = pick(attributes, 'prompt') !== undefined || pick(attributes, 'completion') !== undefined
  const isCall = counts && operation === undefined && pick(attributes, 'model') !== undefined
  return isCall && !/agent|workflow/i.test(name) ? 'llm' : 'other'
}

function own(table: Record<string, SpanClass>, name: string): SpanClass | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
