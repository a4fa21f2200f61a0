import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import * as z from 'zod'
import { TraceSummary } from '../../workers/contract/trace.ts'
import { createTenant, expectCall, until } from '../support/harness.ts'
import { startProvider } from '../support/chat-provider.ts'

const RUN_MS_MAX = 60_000
const Traces = z.object({ data: z.array(TraceSummary) })

let provider: Awaited<ReturnType<typeof startProvider>>
let tenant: Awaited<ReturnType<typeof createTenant>>
beforeAll(async () => {
  provider = await startProvider()
  tenant = await createTenant(inject('baseUrl'))
})
afterAll(() => provider.stop())

/** Three calls of 400, 500 and 600 tokens with 128 of the cache each, and 40 out: 2.50, 1.25 and 10 dollars for a million. */
const RUN = {
  complete: true,
  status: 'ok',
  llm_calls: 3,
  tool_calls: 2,
  tokens_prompt: 1500,
  tokens_completion: 120,
  cost_usd: '0.004470000',
  unpriced: 0,
  agent_id: 'order-support',
}

it.each([
  ['langfuse-v3', { workflow_id: 'order_flow', errors: 1 }],
  ['langsmith', { workflow_id: 'order-support', errors: 1 }],
  // It tells nothing of the cache, so its calls cost more than they did.
  ['lunary', { workflow_id: 'order-support', errors: 1, cost_usd: '0.004950000' }],
  ['openai-agents', { workflow_id: 'order_flow', errors: 1 }],
  ['opik', { workflow_id: 'order-support', errors: 1 }],
  ['braintrust', { workflow_id: 'order-support', errors: 1 }],
  ['posthog-ai', { errors: 1 }],
  ['sentry', { errors: 1 }],
] as const)('an agent with the real %s ends as a trace', async (client, more) => {
  await runAgent(client)
  const path = `/api/v1/projects/${tenant.projectId}/traces?user_id=${client}`
  const trace = await until(async () => {
    const { data } = await expectCall(tenant.session, 'GET', path, { status: 200, schema: Traces })
    expect(data.length).toBeLessThanOrEqual(1)
    return data[0]?.complete && data[0].llm_calls >= RUN.llm_calls && data[0].tool_calls >= 2 ? data[0] : undefined
  })
  expect(trace).toMatchObject({ ...RUN, ...more, user_id: client, session_id: `session of ${client}` })
})

function runAgent(client: string): Promise<void> {
  const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, ...env } = process.env
  const child = spawn(process.execPath, ['agent.mjs'], {
    cwd: join(import.meta.dirname, client),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: RUN_MS_MAX,
    env: { ...env, ENDPOINT: inject('baseUrl'), LLM_URL: provider.url, KEY: tenant.key, USER_ID: client },
  })
  let said = ''
  child.stderr.on('data', (part: Buffer) => (said += part.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${client} ended with ${code}: ${said}`))))
  })
}
