import { textOf } from './attributes.ts'

/** Finish reasons of providers and SDKs, in lower case without separators. */
const REASONS: Record<string, string> = {
  stop: 'stop',
  endturn: 'stop',
  stopsequence: 'stop',
  completed: 'stop',
  toolcalls: 'tool_call',
  toolcall: 'tool_call',
  tooluse: 'tool_call',
  functioncall: 'tool_call',
  length: 'length',
  maxtokens: 'length',
  maxoutputtokens: 'length',
  modelcontextwindowexceeded: 'length',
  contentfilter: 'content_filter',
  contentfiltered: 'content_filter',
  safety: 'content_filter',
  recitation: 'content_filter',
  prohibitedcontent: 'content_filter',
  refusal: 'content_filter',
  error: 'error',
  failed: 'error',
}

/** The last of what was told (one for each choice), as `stop`, `tool_call`, `length`, `content_filter` or `error`; else as it came. */
export function finishReasonOf(told: unknown): string | undefined {
  const text = textOf(lastOf(told))
  if (text === undefined) return undefined
  const known = text.toLowerCase().replace(/[^a-z]/g, '')
  return Object.hasOwn(REASONS, known) ? REASONS[known] : text
}

/** A list comes as such or as its JSON. */
function lastOf(told: unknown): unknown {
  if (Array.isArray(told)) return told.at(-1)
  if (typeof told !== 'string' || !told.startsWith('[')) return told
  try {
    const parsed: unknown = JSON.parse(told)
    return Array.isArray(parsed) ? parsed.at(-1) : told
  } catch {
    return told
  }
}
