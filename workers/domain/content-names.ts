/** Names under which instrumentations put prompts, answers, tool arguments and command lines. */
const CONTENT = new RegExp(
  [
    'messages',
    'stacktrace',
    'command_args',
    'entity\\.(input|output)',
    'retrieval\\.documents',
    'tool\\.(parameters|description|json_schema)',
    '^gen_ai\\.(prompt|completion)(\\.\\d|$)',
    '^gen_ai\\.(input|output|system_instructions|tool\\.(call\\.arguments|call\\.result|definitions))(\\.|$)',
    '^(input|output|embedding)\\.',
    '^llm\\.(prompts|input|output|invocation|prompt_template\\.(template|variables))',
    '^ai\\.(prompt|values?$|embeddings?$|schema$|result|response\\.(text|object|toolCalls|reasoning|files)|toolCall\\.(args|result))',
    '^langfuse\\.(observation|trace)\\.(input|output)',
    '^mastra\\..*(input|output|headers|body)',
    '^url\\.(query|full)$',
    '^http\\.(url|target)$',
    '^db\\.(statement|query\\.text)$',
    '^(prompts?|user_prompt|system_prompt|instructions|completions?|arguments|tool_(input|output|parameters|result))$',
    '^(full_command|bash_command)$',
    '^(message|contents?|inputs?|outputs?|question|answer|response|transcript)$',
  ].join('|'),
)

/** Whether an attribute of this name holds what people or models said, which is kept for projects that ask for it. */
export function isContentName(name: string): boolean {
  return CONTENT.test(name)
}
