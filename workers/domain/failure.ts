import { classOf, FAILURES } from '../contract/failure.ts'

export { classOf, FAILURES }
export type FailureType = keyof typeof FAILURES

const HTTP: Record<string, FailureType> = {
  '400': 'validation',
  '401': 'auth_failed',
  '402': 'quota_exceeded',
  '403': 'auth_failed',
  '404': 'dependency_unavailable',
  '408': 'timeout',
  '409': 'validation',
  '413': 'validation',
  '422': 'validation',
  '429': 'rate_limit',
  '500': 'dependency_unavailable',
  '502': 'dependency_unavailable',
  '503': 'dependency_unavailable',
  '504': 'timeout',
  '529': 'rate_limit',
}

/** First match wins; the text is lower case without separators. Names say more than a status that comes with them. */
const PATTERNS: [RegExp, FailureType][] = [
  [/insufficientquota|quotaexceeded|billing|creditbalance|quota/, 'quota_exceeded'],
  [/budget/, 'budget_exceeded'],
  [/ratelimit|toomanyrequests|overloaded|throttl|resourceexhausted/, 'rate_limit'],
  [/approvaltimeout/, 'approval_timeout'],
  [/tool(call)?time(d)?out/, 'tool_timeout'],
  [/time(d)?out|etimedout|deadlineexceeded|aborterror/, 'timeout'],
  [/auth|unauthenticated|permissiondenied|forbidden|apikey/, 'auth_failed'],
  [/contentfilter|contentpolicy|unsafe|safety|moderation/, 'unsafe_output'],
  [/policy|guardrail/, 'policy_blocked'],
  [/jsondecode|invalidjson|jsonparse|syntaxerror|outputpars/, 'invalid_json'],
  [/nosuchtool|unknowntool|toolnotfound|toolselection|invalidtoolname/, 'tool_selection_error'],
  [/toolcontract|invalidarguments|schemamismatch|toolinput|toolargument|contractmismatch/, 'tool_contract_mismatch'],
  // "FileNotFound" would else be read as a name that was not found in DNS.
  [/filenotfound|enoent|nosuchfile/, 'tool_runtime'],
  [
    /econn|enotfound|epipe|connection|unavailable|badgateway|internalserver|servererror|network|socket|fetchfailed|dns/,
    'dependency_unavailable',
  ],
  [/maxturns|maxiterations|recursion|loop/, 'loop_detected'],
  [/contextlength|contextwindow|missingcontext|maxtokens/, 'missing_context'],
  [/routing|nohandler/, 'bad_routing'],
  [/validation|badrequest|invalidrequest|invalidargument|zoderror|typeerror|valueerror/, 'validation'],
  [/^tool|tool(execution|call|runtime|use)?(error|failed|failure|exception)/, 'tool_runtime'],
  [/notfound|^internal(error)?$/, 'dependency_unavailable'],
]

/** What a failure of a tool is called where the provider's name for it would mislead. */
const OF_TOOL: Partial<Record<FailureType, FailureType>> = {
  timeout: 'tool_timeout',
  validation: 'tool_contract_mismatch',
  unknown: 'tool_runtime',
}

/** Maps what clients send (taxonomy names, HTTP codes, exception and provider codes) to the taxonomy. */
export function errorTypeOf(raw: string, ofTool = false): FailureType {
  if (Object.hasOwn(FAILURES, raw)) return raw as FailureType
  const type = patternOf(raw) ?? statusOf(raw) ?? 'unknown'
  return ofTool ? failureOfTool(type) : type
}

/** The same failure, where it is a tool's. */
export function failureOfTool(type: FailureType): FailureType {
  return OF_TOOL[type] ?? type
}

function patternOf(raw: string): FailureType | undefined {
  const flat = raw.toLowerCase().replace(/[^a-z0-9]/g, '')
  return PATTERNS.find(([pattern]) => pattern.test(flat))?.[1]
}

function statusOf(raw: string): FailureType | undefined {
  const code = /(?:^|\D)([45]\d\d)(?:$|\D)/.exec(raw)?.[1]
  return code === undefined ? undefined : HTTP[code]
}
