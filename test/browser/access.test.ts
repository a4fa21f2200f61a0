import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { postEvents } from '../support/harness.ts'
import { alive } from '../support/page.ts'
import { totp } from '../support/totp.ts'

const baseUrl = inject('baseUrl')
const PASSWORD = 'a password of ten'
const stamp = Date.now()
const event = {
  event_type: 'agent.tool.called' as const,
  timestamp: stamp,
  trace_id: 't',
  span_id: 's',
  tool_name: 'search',
}
const ada = { name: 'Ada', email: `ada-${stamp}@example.com` }
const ben = { name: 'Ben', email: `ben-${stamp}@example.com` }
const complaints: string[] = []
let browser: Browser
let owner: Page
let guest: Page
let org: string
let key: string
let secret: string
let codes: string[]
let revokedMs: number

beforeAll(async () => {
  browser = await launchBrowser()
  owner = await newPerson()
  guest = await newPerson()
})

afterAll(async () => {
  await browser?.close()
})

async function newPerson(): Promise<Page> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Europe/Berlin',
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
  })
  return page
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(baseUrl + path)
  await alive(page)
}

async function signUp(page: Page, { name, email }: typeof ada): Promise<void> {
  await alive(page)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
}

/** Opens the link in the newest mail to an address, as its owner would. */
async function followMail(page: Page, to: string, subject: RegExp): Promise<void> {
  await open(page, '/dev/mail')
  const mail = page.getByRole('article').filter({ hasText: to }).filter({ hasText: subject }).first()
  await mail.getByRole('link').first().click()
  await alive(page)
}

const settings = (name: string) => open(owner, `/${org}/settings/${name}`)

describe('an organization', () => {
  it('is made by its owner, whose address is confirmed by mail', async () => {
    await open(owner, '/sign-up')
    await signUp(owner, ada)
    await owner.waitForURL(/\/new/)
    await owner.getByLabel('Name').fill(`Lovelace ${stamp}`)
    await owner.getByRole('button', { name: 'Create organization' }).click()
    await owner.waitForURL(/connect/)
    key = await owner.getByTestId('api-key').innerText()
    org = new URL(owner.url()).pathname.split('/')[1] ?? ''
    await followMail(owner, ada.email, /Confirm your address/)
    await owner.getByText('your address is confirmed').waitFor()
  })
})

describe('a key', () => {
  it('is taken from an agent in the dashboard', async () => {
    expect((await postEvents(baseUrl, key, [event])).status).toBe(202)
    await settings('keys')
    await owner
      .getByRole('link', { name: /^Revoke/ })
      .first()
      .click()
    await owner.getByRole('button', { name: 'Revoke key' }).click()
    await owner.getByText('revoked').first().waitFor()
    revokedMs = Date.now()
  })
})

describe('membership', () => {
  it('is joined by whom the owner invites, as what they are invited', async () => {
    await settings('members')
    await owner.getByLabel('E-mail').fill(ben.email)
    await owner.getByLabel('Role').selectOption('auditor')
    await owner.getByRole('button', { name: 'Send invitation' }).click()
    await owner.getByText(`An invitation is on its way to ${ben.email}`).waitFor()

    await followMail(guest, ben.email, /invites you/)
    await guest.getByRole('heading', { name: /Join Lovelace/ }).waitFor()
    await guest.getByRole('link', { name: 'Create account' }).click()
    await signUp(guest, ben)
    await guest.getByRole('button', { name: 'Accept and join' }).click()
    await guest.waitForURL(new RegExp(`/${org}/overview`))

    await open(guest, `/${org}/settings/keys`)
    expect(await guest.getByRole('button', { name: 'Create key' }).count()).toBe(0)
    await settings('members')
    await owner.getByText(ben.email).waitFor()
  })

  it('is one of several that a person switches between', async () => {
    await open(guest, '/new')
    await guest.getByLabel('Name').fill(`Own ${stamp}`)
    await guest.getByRole('button', { name: 'Create organization' }).click()
    await guest.waitForURL(/connect/)
    await guest
      .getByLabel(/^Organization: Own/)
      .first()
      .click()
    await guest.getByRole('link', { name: new RegExp(`Lovelace ${stamp}`) }).click()
    await guest.waitForURL(new RegExp(`/${org}/overview`))
  })
})

describe('a second factor', () => {
  it('is set up with an app and asked for at the next sign-in', async () => {
    await open(guest, '/account')
    await guest.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await guest.getByRole('button', { name: 'Set up' }).click()
    secret = (await guest.getByTestId('totp-secret').innerText()).replaceAll(' ', '')
    codes = (await guest.getByRole('region', { name: 'recovery codes' }).innerText()).split(/\s+/)
    await guest.getByLabel('Code that the app shows now').fill(totp(secret))
    await guest.getByRole('button', { name: 'Switch on' }).click()
    await guest.getByText('The second factor is on').waitFor()

    await guest.getByRole('button', { name: 'Sign out' }).click()
    await guest.waitForURL(/sign-in/)
    await alive(guest)
    await guest.getByLabel('E-mail').fill(ben.email)
    await guest.getByLabel('Password').fill(PASSWORD)
    await guest.getByRole('button', { name: 'Sign in', exact: true }).click()
    await guest.waitForURL(/two-factor/)
    await alive(guest)
    await guest.getByLabel('Code').fill('000000')
    await guest.getByRole('button', { name: 'Go on' }).click()
    await guest.getByText('This code is not right').waitFor()
    await guest.getByLabel('Code').fill(totp(secret))
    await guest.getByRole('button', { name: 'Go on' }).click()
    await guest.waitForURL(/overview/)
  })

  it('is replaced by a recovery code, once', async () => {
    const other = await newPerson()
    await open(other, '/sign-in')
    await other.getByLabel('E-mail').fill(ben.email)
    await other.getByLabel('Password').fill(PASSWORD)
    await other.getByRole('button', { name: 'Sign in', exact: true }).click()
    await other.waitForURL(/two-factor/)
    await other.getByRole('link', { name: 'I do not have the app at hand' }).click()
    await alive(other)
    await other.getByLabel('Recovery code').fill(codes[0] ?? '')
    await other.getByRole('button', { name: 'Go on' }).click()
    await other.waitForURL(/overview/)
    await open(guest, '/account')
    expect(await guest.getByRole('button', { name: /End the session of/ }).count()).toBeGreaterThan(0)
    await guest.getByRole('button', { name: 'End all other sessions' }).click()
    await guest.getByText('All other sessions have ended.').waitFor()
  })
})

describe('a passkey', () => {
  it('is made on a device, signs in without a password, and can be removed', async () => {
    const device = await guest.context().newCDPSession(guest)
    await device.send('WebAuthn.enable')
    await device.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await open(guest, '/account')
    await guest.getByLabel('Name of the device').fill('Test laptop')
    await guest.getByRole('button', { name: 'Add a passkey' }).click()
    await guest.getByRole('button', { name: 'Remove the passkey Test laptop' }).waitFor()
    await guest.getByRole('button', { name: 'Sign out' }).click()
    await guest.waitForURL(/sign-in/)
    await guest.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await guest.waitForURL(/overview/)
    await open(guest, '/account')
    await guest.getByRole('button', { name: 'Remove the passkey Test laptop' }).click()
    await guest.getByText('The passkey is removed.').waitFor()
  })
})

describe('the audit log', () => {
  it('tells of all that, and an auditor reads it', async () => {
    await open(guest, `/${org}/settings/audit`)
    const text = await guest.getByRole('main').innerText()
    for (const word of ['key.revoke', 'invitation.accept', 'invitation.create', 'org.create', 'Ada', 'Ben'])
      expect(text).toContain(word)
    await guest.getByLabel('What').selectOption('key.')
    await guest.waitForURL(/action=key/)
    await expect.poll(async () => (await guest.getByRole('main').innerText()).includes('invitation.accept')).toBe(false)
    await guest.getByText('change').first().click()
    await guest.getByText('revoked_at').first().waitFor()
  })
})

describe('the agent', () => {
  it('is refused within a minute of that', async () => {
    const refused = async () => (await postEvents(baseUrl, key, [event])).status
    await expect.poll(refused, { timeout: 60_000 - (Date.now() - revokedMs), interval: 500 }).toBe(401)
  })

  it('met no error in the console on the way', () => {
    expect(complaints).toEqual([])
  })
})
