import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { TraceDetail, TracesAnswer } from '../../workers/contract/trace.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, expectCall, until } from '../support/harness.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let context: BrowserContext
let tenant: Awaited<ReturnType<typeof createTenant>>
let site: { url: string; stop: () => Promise<unknown> }

/** A web site of a customer's, on an origin of its own, with the SDK in its page. */
async function startSite(key: string): Promise<typeof site> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createAgentOps } from './index.ts'
        globalThis.agent = createAgentOps({ url: '${baseUrl}', key: '${key}', batchMs: 60_000 })
        globalThis.ask = (name, more) => agent.run({ name, ...more }, (span) => span.llm({ model: 'gpt-4o', provider: 'openai' },
          (call) => call.set({ tokens_prompt: 1000, tokens_completion: 100 })))`,
      resolveDir: inRoot('sdk/src'),
    },
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(
      url === '/'
        ? `<!doctype html><title>shop</title><script>${script}</script>`
        : '<!doctype html><title>next</title>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
}

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  // Of several pages: a browser that closes with its only page lets nothing out of it.
  ;[context, site] = await Promise.all([browser.newContext(), startSite(tenant.key)])
}, 60_000)
afterAll(() => Promise.all([browser?.close(), site?.stop()]))

async function visit(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.url)
  return page
}

/** The trace of a workflow, once it has all that was told of it. */
function traceOf(workflow: string): Promise<TraceDetail> {
  const path = `/api/v1/projects/${tenant.projectId}/traces`
  return until(async () => {
    const list = { status: 200, schema: TracesAnswer }
    const { data } = await expectCall(tenant.session, 'GET', `${path}?workflow_id=${workflow}`, list)
    const [found] = data
    if (!found?.complete) return undefined
    return expectCall(tenant.session, 'GET', `${path}/${found.trace_id}`, { status: 200, schema: TraceDetail })
  })
}

const TOLD = { trace: { status: 'ok', llm_calls: 1, cost_usd: '0.003500000' } }

describe('the SDK in a page of another origin', () => {
  it('sends when it is told to', async () => {
    const page = await visit()
    expect(await page.evaluate(`ask('told').then(() => agent.flush())`)).toBe(true)
    expect(await traceOf('told')).toMatchObject(TOLD)
    await page.close()
  })

  it('sends what waits when the page is left for another', async () => {
    const page = await visit()
    await page.evaluate(`ask('left')`)
    await page.goto(`${site.url}/next`)
    expect(await traceOf('left')).toMatchObject(TOLD)
    await page.close()
  })

  it('sends what waits when the tab is closed', async () => {
    const page = await visit()
    await page.evaluate(`ask('closed')`)
    await context.newPage()
    await page.close({ runBeforeUnload: true })
    expect(await traceOf('closed')).toMatchObject(TOLD)
  })
})
