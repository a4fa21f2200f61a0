import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { bundledBook } from '../../workers/adapters/prices/bundled.ts'
import { TracesAnswer } from '../../workers/contract/trace.ts'
import { nanoFromUsd } from '../../workers/domain/money.ts'
import { costNanousd } from '../../workers/domain/price.ts'
import { createKey, createProject, createTenant, expectCall, until } from '../support/harness.ts'
import { mockProvider, type Billed, type MockProvider } from '../support/mock-provider.ts'

/** A program that hangs is ended after this time. */
const RUN_MS_MAX = 120_000
const TOLD_MS_MAX = 60_000
const TEST_MS = 300_000

interface Sent {
  program?: string
  /** Runs of the agent, which are traces. */
  runs: number
  tools: number
  /** Of them failed ones, which are the only errors. */
  failed: number
  /** Without cached tokens, what a cache made cheaper looks dear. */
  cached?: false
  /** As the trace's agent; where a client names none, nothing. */
  agent?: string
}
const BOTH = { tools: 2, failed: 1 }
const AGENT = 'order-support'

const CLIENTS: [client: string, Sent][] = [
  ['otel-openai', { runs: 1, tools: 0, failed: 0, cached: false, agent: AGENT }],
  ['anthropic-otel', { runs: 1, ...BOTH, agent: AGENT }],
  // One run by OpenAI, one by Anthropic, whose SDK tells of its calls as well.
  ['openinference', { runs: 2, tools: 4, failed: 2, agent: AGENT }],
  ['vercel-ai', { runs: 1, ...BOTH, agent: AGENT }],
  ['vercel-ai-7', { runs: 1, ...BOTH, agent: AGENT }],
  // It sends each span alone.
  ['traceloop', { runs: 1, tools: 0, failed: 0, cached: false, agent: AGENT }],
  ['langfuse-otel', { runs: 1, ...BOTH, agent: AGENT }],
  ['langsmith', { program: 'run-otel.mjs', runs: 1, ...BOTH }],
]

let provider: MockProvider
beforeAll(async () => {
  provider = await mockProvider()
})
afterAll(() => provider.close())

function run(client: string, program: string, env: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program], {
      cwd: inRoot('test/clients', client),
      env: { PATH: process.env['PATH'] ?? '', ...env } as unknown as NodeJS.ProcessEnv,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: RUN_MS_MAX,
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${client} ended with ${code}\n${said}`))))
  })
}

const sum = <T>(all: readonly T[], of: (one: T) => number) => all.reduce((total, one) => total + of(one), 0)

function costOf({ model, prompt, completion, cached, cacheWrite }: Billed, sent: Sent): number {
  const rates = bundledBook.rates(model.startsWith('claude') ? 'anthropic' : 'openai', model, Date.now())
  const usage = { prompt, completion, cached: sent.cached === false ? 0 : cached, cacheWrite }
  const cost = rates && costNanousd(usage, rates)
  if (cost === null) throw new Error(`no price of ${model}`)
  return cost
}

describe('real clients, from a provider to traces', () => {
  it('end with what the provider counted, each call once', { timeout: TEST_MS }, async () => {
    const baseUrl = inject('baseUrl')
    const { session, org } = await createTenant(baseUrl)
    const sent = CLIENTS.map(async ([client, expected]) => {
      const { id } = await createProject(session, org.id, client)
      const { key } = await createKey(session, id)
      await run(client, expected.program ?? 'run.mjs', {
        COLLECTOR: baseUrl,
        KEY: key,
        PROVIDER: provider.urlOf(client),
      })
      const bill = provider.billOf(client)
      const list = async () => {
        const answer = { status: 200, schema: TracesAnswer }
        const { data } = await expectCall(session, 'GET', `/api/v1/projects/${id}/traces`, answer)
        const calls = sum(data, (trace) => trace.llm_calls)
        return calls >= bill.length && data.every((trace) => trace.status !== 'running') ? data : undefined
      }
      const data = await until(list, { timeoutMs: TOLD_MS_MAX, what: `the calls of ${client}` })
      return [
        client,
        {
          runs: data.length,
          calls: sum(data, (trace) => trace.llm_calls),
          tools: sum(data, (trace) => trace.tool_calls),
          errors: sum(data, (trace) => trace.errors),
          prompt: sum(data, (trace) => trace.tokens_prompt),
          completion: sum(data, (trace) => trace.tokens_completion),
          nano: sum(data, (trace) => nanoFromUsd(trace.cost_usd) ?? NaN),
          agents: [...new Set(data.map((trace) => trace.agent_id))],
          statuses: [...new Set(data.map((trace) => trace.status))],
        },
        {
          runs: expected.runs,
          calls: bill.length,
          tools: expected.tools,
          errors: expected.failed,
          prompt: sum(bill, (one) => one.prompt),
          completion: sum(bill, (one) => one.completion),
          nano: sum(bill, (one) => costOf(one, expected)),
          agents: [expected.agent ?? null],
          statuses: ['ok'],
        },
      ] as const
    })
    const results = await Promise.all(sent)
    expect(Object.fromEntries(results.map(([client, told]) => [client, told]))).toEqual(
      Object.fromEntries(results.map(([client, , expected]) => [client, expected])),
    )
  })
})
