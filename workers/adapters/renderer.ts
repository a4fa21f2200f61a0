import * as z from 'zod'
import { NotDrawn } from '../domain/report/not-drawn.ts'
import { PASS_COOKIE } from '../domain/report/pass.ts'
import type { Renderer } from '../services/report/port.ts'

/** What the page sets once all of it is drawn. */
const READY = '[data-view-state="ready"]'
const ZONE_COOKIE = 'agentops_zone'
const GOTO_MS = 30_000
const READY_MS = 45_000
/** With starting a browser, and drawing. */
const ANSWER_MS = 150_000
const DETAIL_CHARS_MAX = 300
/** A4 on its side within its margins (web/src/app.css) at this scale is as wide as the page is drawn. */
const PDF_SCALE = 0.75
const WIDTH_PX = 1380
const HEIGHT_PX = 1000

/**
 * Draws through the Quick Actions of Cloudflare's Browser Rendering (`/pdf`, `/screenshot`;
 * developers.cloudflare.com/browser-run/quick-actions), or through what answers as they do: run locally, the browser
 * that `npm ci` brought (scripts/runtime/renderer.ts).
 */
export function httpRenderer(base: string, token: string, fetch: typeof globalThis.fetch): Renderer {
  return {
    async render({ url, pass, zone, format }) {
      const { protocol, origin } = new URL(url)
      const cookie = { url: origin, path: '/', httpOnly: true, secure: protocol === 'https:' }
      const body = {
        url,
        cookies: [
          { ...cookie, name: PASS_COOKIE, value: pass },
          { ...cookie, name: ZONE_COOKIE, value: encodeURIComponent(zone) },
        ],
        emulateMediaType: 'print',
        viewport: { width: WIDTH_PX, height: HEIGHT_PX, deviceScaleFactor: format === 'png' ? 1.5 : 1 },
        gotoOptions: { waitUntil: 'domcontentloaded', timeout: GOTO_MS },
        waitForSelector: { selector: READY, timeout: READY_MS },
        ...(format === 'pdf'
          ? { pdfOptions: { preferCSSPageSize: true, printBackground: true, scale: PDF_SCALE } }
          : { screenshotOptions: { type: 'png', fullPage: true } }),
      }
      const answer = await ask(fetch, `${base}/${format === 'pdf' ? 'pdf' : 'screenshot'}?cacheTTL=0`, token, body)
      if (!answer.ok) throw new NotDrawn(await reasonOf(answer), true)
      const bytes = new Uint8Array(await answer.arrayBuffer())
      if (!isOf(format, bytes))
        throw new NotDrawn(`What came back from the browser is no ${format.toUpperCase()}.`, true)
      return bytes
    },
  }
}

async function ask(fetch: typeof globalThis.fetch, url: string, token: string, body: object): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
  } catch (error) {
    throw new NotDrawn('The browser that draws reports could not be reached.', true, error)
  }
}

const Errors = z.object({ errors: z.array(z.object({ message: z.string() })) })

/** Why nothing was drawn; of no answer more is told than its first words. */
async function reasonOf(answer: Response): Promise<string> {
  if (answer.status === 429) return 'The browser that draws reports has too much to do.'
  if (answer.status === 401 || answer.status === 403) return 'The browser that draws reports refuses our token.'
  const told = Errors.safeParse(await answer.json().catch(() => null))
  const detail = told.data?.errors[0]?.message ?? `it answered ${answer.status}`
  if (/timeout|timed out|waiting for selector/i.test(detail))
    return 'The view was not complete in time: one of its parts failed, or was too slow.'
  return `The view could not be drawn: ${detail.slice(0, DETAIL_CHARS_MAX)}`
}

const SIGNATURES = { pdf: [0x25, 0x50, 0x44, 0x46], png: [0x89, 0x50, 0x4e, 0x47] }

const isOf = (format: keyof typeof SIGNATURES, bytes: Uint8Array) =>
  SIGNATURES[format].every((byte, at) => bytes[at] === byte)
