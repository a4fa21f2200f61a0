const WELL_KNOWN_PROVIDERS = new Set([
  'aws.bedrock',
  'azure.ai.openai',
  'azure.ai.inference',
  'gcp.gemini',
  'gcp.gen_ai',
  'gcp.vertex_ai',
  'ibm.watsonx.ai',
])
/** A framework, not who answered. */
const NO_PROVIDERS = new Set(['langchain', 'unknown', '_other'])
/** Whose model it is, where nobody says who answered. */
const MAKERS: [RegExp, string][] = [
  [/^(gpt-|chatgpt-|o\d|text-embedding-|codex-)/, 'openai'],
  [/^claude-/, 'anthropic'],
  [/^gemini-/, 'gcp.gemini'],
  [/^(mistral|ministral|codestral|magistral)-/, 'mistral_ai'],
  [/^deepseek-/, 'deepseek'],
  [/^grok-/, 'x_ai'],
]

/** "openai.chat" → "openai"; the conventions' own dotted names stay. */
export function providerNamed(raw: string | undefined): string | undefined {
  const lower = raw?.toLowerCase()
  if (lower === undefined || NO_PROVIDERS.has(lower)) return undefined
  if (WELL_KNOWN_PROVIDERS.has(lower)) return lower
  return lower.split('.')[0] || undefined
}

/** Whose model this is, by its name. */
export function makerOf(model: string): string | undefined {
  return MAKERS.find(([pattern]) => pattern.test(model))?.[1]
}
