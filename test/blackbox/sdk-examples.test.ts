import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { TraceDetail } from '../../workers/contract/trace.ts'
import { call, createKey, createTenant, until } from '../support/harness.ts'
import { mockProvider, type MockProvider } from '../support/sdk-provider.ts'
import { OTHER_NODE, readmeExamples, runProgram, type Ran } from '../support/sdk-programs.ts'

const baseUrl = inject('baseUrl')
/** Here the packages of clients are found, and above them the SDK itself. */
const FOLDER = inRoot('test/clients/node_modules/.agentops-examples')
const CALL = { status: 'ok', tokens_prompt: 120, tokens_cached: 80, tokens_completion: 25 }
const SDK_BYTES_MAX = 12_000

type Event = TraceDetail['events'][number]

let tenant: Awaited<ReturnType<typeof createTenant>>
let env: Record<string, string>
let provider: MockProvider

beforeAll(async () => {
  provider = await mockProvider()
  tenant = await createTenant(baseUrl)
  const { key } = await createKey(tenant.session, tenant.projectId, ['ingest', 'guard', 'read'])
  env = {
    AGENTOPS_URL: baseUrl,
    AGENTOPS_KEY: key,
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${provider.url}/v1`,
    ANTHROPIC_API_KEY: 'sk-test',
    ANTHROPIC_BASE_URL: provider.url,
  }
  await mkdir(FOLDER, { recursive: true })
})

afterAll(async () => {
  await provider.close()
  await rm(FOLDER, { recursive: true, force: true })
})

async function run(name: string, code: string, node?: string): Promise<Ran> {
  const file = join(FOLDER, `${name}.mjs`)
  await writeFile(file, code)
  return runProgram([file], { env, node })
}

/** The events of the one trace of a workflow, once its request has ended. */
function eventsOf(workflow: string): Promise<Event[]> {
  const path = `/api/v1/projects/${tenant.projectId}/traces`
  return until(
    async () => {
      const found = await call<{ data: { trace_id: string }[] }>(
        tenant.session,
        'GET',
        `${path}?workflow_id=${workflow}`,
      )
      const [trace] = found.body.data
      if (trace === undefined) return undefined
      const { events } = TraceDetail.parse((await call(tenant.session, 'GET', `${path}/${trace.trace_id}`)).body)
      return events.some(({ event_type }) => event_type === 'agent.request.completed') ? events : undefined
    },
    { what: `a trace of ${workflow}`, timeoutMs: 30_000 },
  )
}
const calls = (events: Event[]) => events.filter((event) => event['provider'] !== undefined)

describe('the examples of the README', () => {
  const examples = readmeExamples()
  const has = (words: string) => examples.find((code) => code.includes(words)) ?? ''

  it('run as they stand, and what they did is seen', async () => {
    const [runs, trace, clients, aiSdk, guard] = await Promise.all([
      run('runs', has("agent.run({ name: 'refund'"), OTHER_NODE),
      run('trace', has("name: 'search'")),
      run('clients', has("agent.run('draft'"), OTHER_NODE),
      run('ai-sdk', has("agent.run('answer'")),
      run('guard', has("agent.run('summary'")),
    ])
    for (const ran of [runs, trace, clients, aiSdk, guard]) expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(trace.stdout).toContain('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(clients.stdout).toBe('Hello')
    expect(guard.stdout).toBe('')

    const refund = await eventsOf('refund')
    expect(calls(refund)).toMatchObject([{ provider: 'openai', model: 'gpt-4o-2024-08-06', tokens_prompt: 450 }])
    const [streamed, message] = calls(await eventsOf('draft'))
    expect(streamed).toMatchObject({
      ...CALL,
      provider: 'openai',
      attributes: { 'gen_ai.response.id': expect.any(String) as string },
    })
    expect(streamed?.['time_to_first_token_ms']).toBeGreaterThanOrEqual(0)
    expect(message).toMatchObject({ ...CALL, provider: 'anthropic', model: 'claude-sonnet-5', agent_id: 'writer' })
    expect(calls(await eventsOf('answer'))).toMatchObject([{ ...CALL, provider: 'openai', model: 'gpt-4o' }])
    const summary = await eventsOf('summary')
    expect(calls(summary)).toMatchObject([{ ...CALL, reservation_id: expect.stringMatching(/^rsv_/) as string }])
    expect(summary.find((event) => event['tool_name'] === 'search')).toMatchObject({ status: 'ok' })
  }, 120_000)

  it('run in Workers, where the run that ends is flushed', async () => {
    const entry = join(FOLDER, 'worker.mjs')
    await writeFile(entry, has('ctx.waitUntil'))
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false })
    const worker = {
      name: 'example',
      modules: true as const,
      script: outputFiles[0]?.text ?? '',
      compatibilityDate: '2026-06-01',
      compatibilityFlags: ['nodejs_compat'],
      bindings: { AGENTOPS_URL: baseUrl, AGENTOPS_KEY: env['AGENTOPS_KEY'] ?? '' },
    }
    const miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [worker] }))
    try {
      const answer = await miniflare.dispatchFetch('http://worker/')
      expect(await answer.text()).toBe('done')
      expect(await eventsOf('worker')).toHaveLength(2)
    } finally {
      await miniflare.dispose()
    }
  })
})

describe('the clients in other versions', () => {
  const wrapped = (client: string, wrap: string, ask: string) => `
    import Client from '${client}'
    import { createAgentOps } from '@agentops/sdk'
    import { ${wrap} as wrap } from '@agentops/sdk/${wrap === 'wrapOpenAI' ? 'openai' : 'anthropic'}'
    const agent = createAgentOps()
    const client = wrap(new Client(), agent)
    await agent.run(process.argv[1].split('/').at(-1), async () => { ${ask} })
    await agent.flush()`
  const OPENAI_7 = inRoot('test/clients/otel-js/node_modules/openai/index.mjs')
  const ANTHROPIC_0 = inRoot('test/clients/openinference/node_modules/@anthropic-ai/sdk/index.mjs')
  const AI_7 = inRoot('test/clients/vercel-ai-7/node_modules')

  it('are reported alike: tried again, streamed, refused', async () => {
    provider.failures.push(503)
    const retried = await run(
      'retried',
      wrapped(OPENAI_7, 'wrapOpenAI', `await client.responses.create({ model: 'gpt-4o', input: 'Hi' })`),
    )
    expect(retried).toMatchObject({ code: 0, stderr: '' })
    const [streamed, ai7] = await Promise.all([
      run(
        'streamed',
        wrapped(
          ANTHROPIC_0,
          'wrapAnthropic',
          `await client.messages.stream({ model: 'claude-sonnet-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }).finalMessage()`,
        ),
      ),
      run(
        'ai-seven',
        `import { openai } from '${AI_7}/@ai-sdk/openai/dist/index.js'
         import { streamText, wrapLanguageModel } from '${AI_7}/ai/dist/index.js'
         import { createAgentOps } from '@agentops/sdk'
         import { agentOpsMiddleware } from '@agentops/sdk/ai-sdk'
         const agent = createAgentOps()
         const model = wrapLanguageModel({ model: openai('gpt-4o'), middleware: agentOpsMiddleware(agent, { specificationVersion: 'v4' }) })
         await agent.run('ai-seven', async () => { await streamText({ model, prompt: 'Hi' }).text })
         await agent.flush()`,
      ),
    ])
    // The older client warns of models that it does not know.
    for (const ran of [streamed, ai7]) expect(ran, ran.stderr).toMatchObject({ code: 0 })
    expect(calls(await eventsOf('retried.mjs'))).toMatchObject([
      { status: 'error', error_type: 'dependency_unavailable' },
      { ...CALL, attempt: 1 },
    ])
    expect(calls(await eventsOf('streamed.mjs'))).toMatchObject([CALL])
    expect(calls(await eventsOf('ai-seven'))).toMatchObject([CALL])
  }, 120_000)
})

describe('the package', () => {
  it('is small, and asks for nothing', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [inRoot('sdk/dist/index.js')],
      bundle: true,
      minify: true,
      format: 'esm',
      metafile: true,
      write: false,
    })
    expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThan(SDK_BYTES_MAX)
    expect(Object.keys(metafile.inputs).filter((path) => !path.startsWith('sdk/dist/'))).toEqual([])
  })

  it('has types that need no others: those of a browser are enough', () => {
    const program = ts.createProgram(
      ['index', 'fetch', 'openai', 'anthropic', 'ai-sdk'].map((name) => inRoot(`sdk/dist/${name}.d.ts`)),
      {
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
        types: [],
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        strict: true,
        noEmit: true,
      },
    )
    const problems = ts.getPreEmitDiagnostics(program)
    expect(
      ts.formatDiagnostics(problems, {
        getCanonicalFileName: String,
        getCurrentDirectory: inRoot,
        getNewLine: () => '\n',
      }),
    ).toBe('')
    expect(
      program.getSourceFiles().filter(({ fileName }) => !/sdk\/dist\/|\/lib\.[\w.]+\.d\.ts$/.test(fileName)),
    ).toEqual([])
  })
})
