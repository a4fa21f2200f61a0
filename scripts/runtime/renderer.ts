import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import * as z from 'zod'
import { reasonOf } from './errors.ts'

export interface LocalRenderer {
  /** Asked as the root of Cloudflare's Browser Rendering API is; holds a secret, so that nobody else asks. */
  url: string
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const BODY_BYTES_MAX = 100_000
/** Of one page, with the start of the browser. */
const DRAW_MS_MAX = 120_000

/** The part of the API's bodies that reports need (workers/adapters/renderer.ts). */
const Body = z.object({
  url: z.url(),
  cookies: z.array(
    z.object({ name: z.string(), value: z.string(), url: z.url(), httpOnly: z.boolean(), secure: z.boolean() }),
  ),
  emulateMediaType: z.enum(['print', 'screen']),
  viewport: z.object({ width: z.number(), height: z.number(), deviceScaleFactor: z.number() }),
  gotoOptions: z.object({ waitUntil: z.literal('domcontentloaded'), timeout: z.number() }),
  waitForSelector: z.object({ selector: z.string(), timeout: z.number() }),
  pdfOptions: z.object({ preferCSSPageSize: z.boolean(), printBackground: z.boolean(), scale: z.number() }).optional(),
  screenshotOptions: z.object({ type: z.literal('png'), fullPage: z.boolean() }).optional(),
})
type Body = z.infer<typeof Body>

class Refused extends Error {}

/**
 * Draws pages of the server on `site`, and of nothing else, with the browser that `npm ci` brought: it is started when
 * a page is asked for and ends with it. One page at a time.
 */
export async function startRenderer(site: { host: string; port: number }): Promise<LocalRenderer> {
  const secret = randomBytes(24).toString('base64url')
  let turn: Promise<unknown> = Promise.resolve()
  let browser: Browser | null = null
  const draw = async (body: Body): Promise<Buffer> => {
    const { launchBrowser } = await import('./browser.ts')
    // Whatever a page names, it finds this server or nothing: what it is shown with goes nowhere else.
    browser = await launchBrowser([`--host-resolver-rules=MAP * ${site.host}`])
    const late = setTimeout(() => void browser?.close(), DRAW_MS_MAX)
    try {
      return await drawWith(browser, body)
    } finally {
      clearTimeout(late)
      await browser.close()
      browser = null
    }
  }
  const server = createServer((request, response) => {
    void answer(request, response, `/${secret}/`, (body) => {
      if (Number(new URL(body.url).port || 80) !== site.port) throw new Refused('it is no page of this server')
      const drawn = turn.then(() => draw(body))
      turn = drawn.catch(() => {})
      return drawn
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve))
  server.unref()
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/${secret}`,
    async stop() {
      server.close()
      server.closeAllConnections()
      await browser?.close()
    },
  }
}

async function drawWith(browser: Browser, body: Body): Promise<Buffer> {
  const { deviceScaleFactor, width, height } = body.viewport
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor })
  await context.addCookies(body.cookies)
  const page = await context.newPage()
  await page.emulateMedia({ media: body.emulateMediaType })
  await page.goto(body.url, body.gotoOptions)
  await untilDrawn(page, body.waitForSelector)
  return body.pdfOptions ? page.pdf(body.pdfOptions) : page.screenshot(body.screenshotOptions)
}

/** Cloudflare waits until the time is over where a page says that it has failed; here it is told at once, and why. */
async function untilDrawn(page: Page, { selector, timeout }: Body['waitForSelector']): Promise<void> {
  const failed = page.locator('[data-view-state="failed"]')
  const first = page.locator(selector).or(failed).first()
  await first.waitFor({ state: 'attached', timeout })
  if ((await failed.count()) > 0)
    throw new Refused((await failed.first().getAttribute('data-view-problem')) ?? 'it failed')
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  root: string,
  draw: (body: Body) => Promise<Buffer>,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', `http://${HOST}`)
  const action = pathname.startsWith(root) ? pathname.slice(root.length) : ''
  if (request.method !== 'POST' || (action !== 'pdf' && action !== 'screenshot'))
    return fail(response, 404, 'no such action')
  try {
    const body = Body.parse(JSON.parse(await textOf(request)))
    const drawn = await draw(body)
    response.writeHead(200, { 'content-type': action === 'pdf' ? 'application/pdf' : 'image/png' }).end(drawn)
  } catch (error) {
    // Playwright's call log names the page with its filters.
    fail(response, 422, (reasonOf(error).split('\n')[0] ?? '').slice(0, 300))
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw new Refused('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fail(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ success: false, errors: [{ code: status, message }] }))
}
