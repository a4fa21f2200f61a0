import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import * as z from 'zod'
import { KeyCreated, OrgCreated, Project, type Role } from '../../workers/contract/api.ts'
import { TraceDetail } from '../../workers/contract/trace.ts'
import { IngestAnswer, Receipt, Watermark } from '../../workers/contract/batch.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import type { Cell, Scope } from '../../workers/contract/tenant.ts'

/** A person who signed up, with the cookie of the session. */
export interface Session {
  baseUrl: string
  email: string
  password: string
  cookie: string
}

/** What `/api/dev/mail` answers: mails that a product on somebody's own machine would have sent. */
const Mailbox = z.object({ data: z.array(z.object({ to: z.string(), subject: z.string(), text: z.string() })) })

export interface Answer<T = unknown> {
  status: number
  headers: Headers
  body: T
}

/** Signs a new person up and keeps the session's cookie. */
export async function signUp(
  baseUrl: string,
  given: { name?: string; email?: string; password?: string } = {},
): Promise<Session> {
  const email = given.email ?? `${randomUUID()}@example.com`
  const password = given.password ?? randomBytes(12).toString('base64url')
  const answer = await fetch(`${baseUrl}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: baseUrl },
    body: JSON.stringify({ name: given.name ?? 'Test Person', email, password }),
  })
  if (!answer.ok) throw new Error(`sign-up answered ${answer.status}: ${await answer.text()}`)
  return { baseUrl, email, password, cookie: withCookies('', answer.headers) }
}

/** What a browser would send after this answer. */
function withCookies(cookie: string, headers: Headers): string {
  const set = headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  const names = set.map((pair) => pair.slice(0, pair.indexOf('=')))
  const kept = cookie.split('; ').filter((pair) => pair !== '' && !names.includes(pair.slice(0, pair.indexOf('='))))
  return [...kept, ...set].join('; ')
}

/** Calls the API as this person; never throws for a status. */
export async function call<T = unknown>(
  session: Session,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<T>> {
  const answer = await fetch(session.baseUrl + path, {
    method,
    headers: {
      cookie: session.cookie,
      origin: session.baseUrl,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  session.cookie = withCookies(session.cookie, answer.headers)
  return answerOf<T>(answer)
}

async function answerOf<T>(answer: Response): Promise<Answer<T>> {
  const text = await answer.text()
  const isJson = /[/+]json/.test(answer.headers.get('content-type') ?? '')
  return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as T }
}

/** Calls the API and parses its answer with the contract's schema; throws for any other status. */
export async function expectCall<S extends z.ZodType>(
  session: Session,
  method: string,
  path: string,
  { status, schema, body }: { status: number; schema: S; body?: unknown },
): Promise<z.infer<S>> {
  const answer = await call(session, method, path, body)
  if (answer.status !== status) {
    throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`)
  }
  return schema.parse(answer.body)
}

/** An organization of its own for a test, with a default workspace and project. */
export function createOrg(session: Session, given: { name?: string; region?: Cell } = {}): Promise<OrgCreated> {
  const slug = `org-${randomBytes(6).toString('hex')}`
  return expectCall(session, 'POST', '/api/v1/orgs', {
    status: 201,
    schema: OrgCreated,
    body: { name: given.name ?? 'Test Org', slug, region: given.region ?? 'global' },
  })
}

/** A new person who was invited into an organization and accepted. */
export async function joinOrg(owner: Session, orgId: string, role: Role): Promise<Session> {
  const person = await signUp(owner.baseUrl)
  await expectCall(owner, 'POST', `/api/v1/orgs/${orgId}/invitations`, {
    status: 201,
    schema: z.unknown(),
    body: { email: person.email, role },
  })
  const { data } = await expectCall(owner, 'GET', '/api/dev/mail', { status: 200, schema: Mailbox })
  const mail = data.find(({ to, subject }) => to === person.email && /invites you/.test(subject))
  const token = /https?:\/\/\S+\/([^\s/]+)/.exec(mail?.text ?? '')?.[1] ?? ''
  await expectCall(person, 'POST', '/api/v1/invitations/accept', {
    status: 200,
    schema: z.unknown(),
    body: { token },
  })
  return person
}

/** A further project in an organization. */
export function createProject(session: Session, orgId: string, name = 'Second project'): Promise<Project> {
  return expectCall(session, 'POST', `/api/v1/orgs/${orgId}/projects`, { status: 201, schema: Project, body: { name } })
}

/** An API key of a project; `key` is the secret itself. */
export function createKey(
  session: Session,
  projectId: string,
  scopes: Scope[] = ['ingest', 'read'],
): Promise<KeyCreated> {
  return expectCall(session, 'POST', `/api/v1/projects/${projectId}/keys`, {
    status: 201,
    schema: KeyCreated,
    body: { name: 'test key', scopes },
  })
}

/** A signed-up person with an organization in this region, its default project, and a key for it. */
export async function createTenant(baseUrl: string, region: Cell = 'global') {
  const session = await signUp(baseUrl)
  const org = await createOrg(session, { region })
  const { key } = await createKey(session, org.default_project_id)
  return { session, org, projectId: org.default_project_id, key }
}

export interface SendOptions {
  gzip?: boolean
  ndjson?: boolean
  idempotencyKey?: string
}

/** Sends events to the ingest endpoint as a client would; never throws for a status. */
export async function postEvents(
  baseUrl: string,
  key: string,
  events: unknown[],
  options: SendOptions = {},
): Promise<Answer> {
  const text = options.ndjson ? events.map((event) => JSON.stringify(event)).join('\n') : JSON.stringify({ events })
  const answer = await fetch(`${baseUrl}/v1/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': options.ndjson ? 'application/x-ndjson' : 'application/json',
      ...(options.gzip ? { 'content-encoding': 'gzip' } : {}),
      ...(options.idempotencyKey ? { 'idempotency-key': options.idempotencyKey } : {}),
    },
    body: options.gzip ? gzipSync(text) : text,
  })
  return answerOf(answer)
}

/** Sends events that must be accepted, and returns the parsed 202. */
export async function sendEvents(
  baseUrl: string,
  key: string,
  events: readonly Partial<EventInput>[],
  options: SendOptions = {},
): Promise<IngestAnswer> {
  const answer = await postEvents(baseUrl, key, [...events], options)
  if (answer.status !== 202) throw new Error(`/v1/events answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return IngestAnswer.parse(answer.body)
}

/** A trace of one request with `llmCalls` steps, each of which reports this cost. */
export function traceOf(traceId: string, llmCalls = 1, costUsd = '0.001', at = Date.now()): EventInput[] {
  const common = {
    trace_id: traceId,
    agent_id: 'support-agent',
    workflow_id: 'answer-ticket',
    workflow_version: 'v1',
    environment: 'test',
  }
  const steps = Array.from({ length: llmCalls }, (_, i) => ({
    ...common,
    event_type: 'agent.step.completed' as const,
    timestamp: at + i,
    span_id: `step-${i}`,
    parent_span_id: 'root',
    step: `step ${i}`,
    provider: 'openai',
    model: 'gpt-4o',
    status: 'ok' as const,
    latency_ms: 120,
    tokens_prompt: 100,
    tokens_completion: 20,
    cost_usd: costUsd,
  }))
  const root = {
    ...common,
    event_type: 'agent.request.completed' as const,
    timestamp: at + llmCalls,
    span_id: 'root',
    status: 'ok' as const,
    outcome: 'success' as const,
    latency_ms: 400,
  }
  return [...steps, root]
}

/** A fresh W3C trace id. */
export const newTraceId = () => randomBytes(16).toString('hex')

/** Asks again and again until the answer is not undefined; throws what it saw last when the time is over. */
export async function until<T>(
  ask: () => Promise<T | undefined>,
  {
    timeoutMs = 15_000,
    everyMs = 100,
    what = 'the condition',
  }: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<T> {
  const end = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`${what} did not come true within ${timeoutMs} ms`, { cause: last })
    await sleep(everyMs)
  }
}

/** Waits until a receipt says that every part of its batch is applied. */
export function untilApplied(session: Session, receiptId: string): Promise<Receipt> {
  return until(
    async () => {
      const { status, body } = await call(session, 'GET', `/api/v1/ingest/receipts/${receiptId}`)
      if (status !== 200) throw new Error(`the receipt answered ${status}: ${JSON.stringify(body)}`)
      const receipt = Receipt.parse(body)
      return receipt.state === 'applied' ? receipt : undefined
    },
    { what: `receipt ${receiptId} applied` },
  )
}

/** Waits until a trace can be read, and returns it. */
export function untilTrace(session: Session, projectId: string, traceId: string): Promise<TraceDetail> {
  return until(
    async () => {
      const { status, body } = await call(session, 'GET', `/api/v1/projects/${projectId}/traces/${traceId}`)
      if (status === 404) return undefined
      if (status !== 200) throw new Error(`the trace answered ${status}: ${JSON.stringify(body)}`)
      return TraceDetail.parse(body)
    },
    { what: `trace ${traceId} readable` },
  )
}

/** A project's watermark. */
export function watermark(session: Session, projectId: string): Promise<Watermark> {
  return expectCall(session, 'GET', `/api/v1/projects/${projectId}/watermark`, { status: 200, schema: Watermark })
}
