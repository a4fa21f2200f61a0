import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Session } from './harness.ts'

/** A browser of this person's own, signed in by the session that the API gave. */
export async function signedIn(
  browser: Browser,
  session: Session,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const cookies = session.cookie.split('; ').map((pair) => ({
    name: pair.slice(0, pair.indexOf('=')),
    value: pair.slice(pair.indexOf('=') + 1),
    url: session.baseUrl,
  }))
  // Known beforehand, so that no page has to ask for its data once more.
  const zone = options.timezoneId ? [{ name: 'agentops_zone', value: options.timezoneId, url: session.baseUrl }] : []
  await context.addCookies([...cookies, ...zone])
  return context
}

/** Waits until a page hears keys and clicks and nothing of it is still being loaded. */
export async function alive(page: Page): Promise<void> {
  await page.waitForLoadState('load')
  await page.locator('html[data-alive]').waitFor({ state: 'attached' })
  await page.locator('main:not(:has([aria-busy="true"]))').first().waitFor({ state: 'attached' })
}
