import { textAt } from './attributes.ts'
import type { Facts } from './facts.ts'
import type { FlatSpan } from './span.ts'

/**
 * `llm`: one call of a model. `agent`: what an agent or workflow did, whose usage is a roll-up. `guardrail`: a check of
 * a policy. `permission`: a person or a setting was asked whether a tool may run.
 */
export type SpanClass = 'llm' | 'tool' | 'agent' | 'guardrail' | 'permission' | 'other'

const OPERATIONS: Record<string, SpanClass> = {
  chat: 'llm',
  generate_content: 'llm',
  text_completion: 'llm',
  embeddings: 'llm',
  execute_tool: 'tool',
  invoke_agent: 'agent',
  invoke_workflow: 'agent',
  create_agent: 'agent',
  model_generation: 'agent',
  agent_step: 'other',
  workflow_step: 'other',
  schedule_tool_calls: 'other',
  // Gemini CLI's: its records tell calls and tools, with what was cached and thought, and whether they failed.
  llm_call: 'other',
  tool_call: 'other',
}

/** What OpenInference, OpenLLMetry, Langfuse, LangSmith, AgentOps and Claude Code call their spans, in lower case. */
const KINDS: Record<string, SpanClass> = {
  llm: 'llm',
  generation: 'llm',
  embedding: 'llm',
  llm_request: 'llm',
  tool: 'tool',
  agent: 'agent',
  chain: 'agent',
  workflow: 'agent',
  task: 'agent',
  interaction: 'agent',
  guardrail: 'guardrail',
  'tool.blocked_on_user': 'permission',
  'tool.execution': 'other',
  operation: 'other',
  span: 'other',
  event: 'other',
  retriever: 'other',
  reranker: 'other',
  evaluator: 'other',
  parser: 'other',
  prompt: 'other',
}

/** What a span is, by the attributes that each convention marks it with. */
export function classOfSpan({ name }: FlatSpan, facts: Facts): SpanClass {
  const operation = textAt(facts, 'operation')
  const byName = own(OPERATIONS, operation) ?? own(KINDS, textAt(facts, 'kind')?.toLowerCase())
  if (byName !== undefined) return byName
  const vercel = textAt(facts, 'ai_operation')
  if (vercel !== undefined) {
    if (/\.do(Generate|Stream|Embed)$/.test(vercel)) return 'llm'
    return vercel === 'ai.toolCall' ? 'tool' : 'agent'
  }
  if (facts.tool_name !== undefined) return 'tool'
  const counts = facts.prompt !== undefined || facts.completion !== undefined
  const isCall = counts && operation === undefined && facts.model !== undefined
  return isCall && !/agent|workflow/i.test(name) ? 'llm' : 'other'
}

function own(table: Record<string, SpanClass>, name: string | undefined): SpanClass | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined
}
