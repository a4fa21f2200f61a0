import type { Methods } from '../routes.ts'
import { postToken } from './agentops.ts'
import { getVersion, postLogin, postProject, postRows } from './braintrust.ts'
import { getInfo, patchRun, postForm, postRun, postRuns } from './langsmith.ts'
import { postHelicone, postLiteLlm, postPostHog } from './once.ts'
import { postLangfuse, postLunary, postOpenAiAgents } from './protocols.ts'
import { patchSpan, patchTrace, postSpan, postSpans, postTrace, postTraces, putScores } from './opik.ts'
import { postSentry } from './sentry.ts'

/** Where other clients send what they have, each at the address that it knows. */
export const WIRE_PATHS: readonly (readonly [path: string, Methods])[] = [
  ['/info', { GET: getInfo }],
  ['/runs', { POST: postRun }],
  ['/runs/batch', { POST: postRuns }],
  ['/runs/multipart', { POST: postForm }],
  ['/api/public/ingestion', { POST: postLangfuse }],
  ['/v1/traces/ingest', { POST: postOpenAiAgents }],
  ['/v1/runs/ingest', { POST: postLunary }],
  ['/v1/litellm', { POST: postLiteLlm }],
  ['/custom/v1/log', { POST: postHelicone }],
  ['/v3/auth/token', { POST: postToken }],
  ['/api/apikey/login', { POST: postLogin }],
  ['/api/project/register', { POST: postProject }],
  ['/version', { GET: getVersion }],
  ['/logs3', { POST: postRows }],
  ['/api/v1/private/traces', { POST: postTrace }],
  ['/api/v1/private/spans', { POST: postSpan }],
  ['/api/v1/private/traces/batch', { POST: postTraces }],
  ['/api/v1/private/spans/batch', { POST: postSpans }],
  ['/api/v1/private/traces/feedback-scores', { PUT: putScores('trace') }],
  ['/api/v1/private/spans/feedback-scores', { PUT: putScores('span') }],
  ...['/batch', '/batch/', '/capture/', '/i/v0/e/'].map((path) => [path, { POST: postPostHog }] as const),
]

/** Addresses that name what they are about. */
export const WIRE_PATTERNS: readonly (readonly [path: RegExp, Methods])[] = [
  [/^\/runs\/[^/]+$/, { PATCH: patchRun }],
  [/^\/api\/v1\/private\/traces\/[^/]+$/, { PATCH: patchTrace }],
  [/^\/api\/v1\/private\/spans\/[^/]+$/, { PATCH: patchSpan }],
  [/^\/api\/\d+\/envelope\/?$/, { POST: postSentry }],
]
