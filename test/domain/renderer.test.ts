import { describe, expect, it } from 'vitest'
import { httpRenderer } from '../../workers/adapters/renderer.ts'
import { NotDrawn } from '../../workers/domain/report/not-drawn.ts'

const BASE = 'https://api.cloudflare.com/client/v4/accounts/acc/browser-rendering'
const page = { url: 'https://ops.acme.io/acme/finance?range=7d', pass: 'eu.0.org_1.rpt_1.s', zone: 'Europe/Berlin' }

/** What is sent to the API, and a renderer that gets this answer. */
function recorded(answer: () => Response | Promise<Response>) {
  const asked: { url: string; headers: Headers; body: Record<string, unknown> }[] = []
  const fake = (async (url: string, init: RequestInit) => {
    asked.push({
      url,
      headers: new Headers(init.headers),
      body: JSON.parse(init.body as string) as Record<string, unknown>,
    })
    return answer()
  }) as typeof fetch
  return { asked, renderer: httpRenderer(BASE, 'token', fake) }
}

const failure = async (answer: () => Response | Promise<Response>): Promise<NotDrawn> =>
  recorded(answer)
    .renderer.render({ ...page, format: 'pdf' })
    .then(
      () => expect.unreachable('it was drawn'),
      (error: unknown) => error as NotDrawn,
    )

describe('drawing through Cloudflare', () => {
  it('asks for a PDF as its API wants to be asked, with the pass in a cookie of that page alone', async () => {
    const { asked, renderer } = recorded(() => new Response('%PDF-1.4 …'))
    const bytes = await renderer.render({ ...page, format: 'pdf' })
    expect(new TextDecoder().decode(bytes.slice(0, 8))).toBe('%PDF-1.4')
    expect(asked).toHaveLength(1)
    // What was drawn for one is never kept for another.
    expect(asked[0]?.url).toBe(`${BASE}/pdf?cacheTTL=0`)
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer token')
    const body = asked[0]?.body ?? {}
    expect(body).toMatchObject({
      url: page.url,
      emulateMediaType: 'print',
      waitForSelector: { selector: '[data-view-state="ready"]' },
      pdfOptions: { preferCSSPageSize: true, printBackground: true },
    })
    expect(body['cookies']).toEqual([
      expect.objectContaining({
        ...{ name: 'agentops.report', value: page.pass, url: 'https://ops.acme.io' },
        ...{ secure: true, httpOnly: true },
      }),
      expect.objectContaining({ name: 'agentops_zone', value: 'Europe%2FBerlin' }),
    ])
    expect(body).not.toHaveProperty('screenshotOptions')
    expect(body['url']).not.toContain(page.pass)
  })

  it('asks for a PNG of the whole page', async () => {
    const { asked, renderer } = recorded(() => new Response(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1])))
    expect(await renderer.render({ ...page, format: 'png' })).toHaveLength(5)
    expect(asked[0]?.url).toBe(`${BASE}/screenshot?cacheTTL=0`)
    expect(asked[0]?.body).toMatchObject({ screenshotOptions: { type: 'png', fullPage: true } })
  })

  const told = (message: string, status = 422) =>
    Response.json({ success: false, errors: [{ code: 1, message }] }, { status })

  it.each<[what: string, answer: () => Response | Promise<Response>, detail: RegExp]>([
    ['has too much to do', () => new Response('', { status: 429 }), /too much to do/],
    ['refuses the token', () => new Response('', { status: 403 }), /refuses our token/],
    ['waits in vain', () => told('Waiting for selector `[x]` failed: 45000ms exceeded'), /one of its parts failed/],
    ['says what failed', () => told('Errors: no such “thing”'), /could not be drawn: Errors: no such “thing”$/],
    ['breaks', () => new Response('<html>', { status: 502 }), /it answered 502/],
    ['is not there', () => Promise.reject(new TypeError('connect')), /could not be reached/],
    ['sends something else', () => new Response('<html>'), /is no PDF/],
  ])('tells when the browser %s, and that it may be tried again', async (_, answer, detail) => {
    const error = await failure(answer)
    expect(error).toBeInstanceOf(NotDrawn)
    expect(error.message).toMatch(detail)
    expect(error.message).not.toContain(page.pass)
    expect(error.again).toBe(true)
  })
})
