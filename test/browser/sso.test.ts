import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { call, createTenant } from '../support/harness.ts'
import { openidProvider } from '../support/openid-provider.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let provider: Awaited<ReturnType<typeof openidProvider>>
let server: Server
let issuer: string

/** The provider on this machine. */
beforeAll(async () => {
  browser = await launchBrowser()
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer)
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const headers = { authorization: request.headers.authorization ?? '' }
        void provider
          .fetch(url, { method: request.method ?? 'GET', headers, body: Buffer.concat(chunks).toString() })
          .then(async (answer) => {
            response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
          })
      })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  provider = await openidProvider(issuer, 'agentops', 'secret')
})

afterAll(async () => {
  await browser?.close()
  server?.close()
})

it('an organization sets its provider up, and is told to prove its domain', async () => {
  const { session, org } = await createTenant(baseUrl)
  const context = await signedIn(browser, session)
  const page = await context.newPage()
  await page.goto(`${baseUrl}/${org.slug}/settings/sso`)
  await alive(page)
  await page.getByLabel('Domain').fill('kim-labs.dev')
  await page.getByLabel('Issuer').fill(issuer)
  await page.getByLabel('Client id').fill('agentops')
  await page.getByLabel('Client secret').fill('secret')
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByText('not proven').waitFor()
  expect(await page.getByRole('region', { name: 'name of the TXT record' }).innerText()).toBe('_agentops.kim-labs.dev')
  const { body } = await call<{ connection: { dns_value: string } }>(session, 'GET', `/api/v1/orgs/${org.id}/sso`)
  expect(body.connection.dns_value).toMatch(/^agentops-verify=[0-9a-f]{32}$/)
  await page.goto(`${baseUrl}/sso`)
  await alive(page)
  await page.getByLabel('Work e-mail').fill('kim@kim-labs.dev')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('No organization signs in this way').waitFor()
})
