import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { launchBrowser } from '../support/browser.ts'
import { alive } from '../support/page.ts'

/** 1,200 input and 180 output tokens of gpt-4o-mini, at $0.15 and $0.60 a million. */
const COST = '$0.000288'

const baseUrl = inject('baseUrl')
const run = promisify(execFile)
let browser: Browser
let page: Page
let home: string
const complaints: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: 'Asia/Kolkata' })
  page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  home = await mkdtemp(join(tmpdir(), 'agentops-agent-'))
  await symlink(inRoot('node_modules'), join(home, 'node_modules'))
})

afterAll(async () => {
  await browser?.close()
  await rm(home, { recursive: true, force: true })
})

/** Runs a program as a user would who saved it: the SDK is resolved from the folder it lies in. */
async function runProgram(name: string, code: string): Promise<void> {
  const file = join(home, name)
  await writeFile(file, code)
  await run(process.execPath, [file], { timeout: 30_000 })
}

const code = (label: string) => page.getByRole('region', { name: label }).innerText()

describe('a person who is new', () => {
  it('signs up, makes an organization in a region, and is shown a key and what to send', async () => {
    await page.goto(baseUrl)
    await page.waitForURL(/\/sign-in/)
    await page.getByRole('link', { name: 'Create an account' }).click()
    await alive(page)
    await page.getByLabel('Name').fill('Nova')
    await page.getByLabel('E-mail').fill(`nova-${Date.now()}@example.com`)
    await page.getByLabel('Password').fill('a new password')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.waitForURL(/\/new/)
    await page.getByLabel('Name').fill('Nova Labs')
    await page.getByLabel(/European Union/).check()
    await page.getByRole('button', { name: 'Create organization' }).click()
    await page.waitForURL(/\/nova-labs[^/]*\/connect/)
    await page.getByText('Waiting for your first event…').waitFor()
    await page.getByText('Listening on the live feed.').waitFor()
    expect(await page.getByTestId('api-key').innerText()).toMatch(/^ao_eu_/)
    expect(await code('curl command')).toContain(`${baseUrl}/v1/events`)
  })

  it('runs the OpenTelemetry program of that page (protobuf), and the waiting becomes the trace', async () => {
    await page.getByRole('link', { name: 'OpenTelemetry, Node' }).click()
    await page.getByRole('region', { name: 'Node program' }).waitFor()
    const program = await code('Node program')
    expect(program).toContain('exporter-trace-otlp-proto')
    await runProgram('agent.mjs', program)
    await page.getByText('Your first event is here').waitFor({ timeout: 15_000 })
    await page.getByRole('link', { name: 'Open the trace' }).click()
    const tree = page.getByRole('tree')
    await tree.getByText('my-first-agent').first().waitFor()
    await expect.poll(() => tree.getByRole('treeitem').count()).toBe(2)
    await tree.getByText('gpt-4o-mini').first().click()
    await page.waitForURL(/span=/)
    await page.getByText(COST).first().waitFor()
    expect(await page.getByRole('main').innerText()).toMatch(/1,200[\s\S]*180/)
  })

  it('sees the same program over JSON come in live', async () => {
    const project = new URL(page.url()).searchParams.get('project') ?? ''
    const org = new URL(page.url()).pathname.split('/')[1] ?? ''
    await page.goto(`${baseUrl}/${org}/welcome?project=${project}&with=node`)
    await page.getByText('Events are arriving').waitFor()
    const program = (await code('Node program')).replace('exporter-trace-otlp-proto', 'exporter-trace-otlp-http')
    await page.goto(`${baseUrl}/${org}/live?project=${project}`)
    await page.getByText('Connected').waitFor()
    const before = await page.getByRole('link', { name: 'gpt-4o-mini' }).count()
    await runProgram('agent-json.mjs', program)
    await expect
      .poll(() => page.getByRole('link', { name: 'gpt-4o-mini' }).count(), { timeout: 15_000 })
      .toBe(before + 1)
    await page.getByRole('navigation').getByRole('link', { name: 'Traces' }).first().click()
    await expect.poll(() => page.locator('tbody tr').count()).toBe(2)
  })

  it('finds both on the overview, in money and in calls', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).first().click()
    await page.locator('figure svg').nth(3).waitFor()
    const text = await page.getByRole('main').innerText()
    expect(text).toContain('gpt-4o-mini')
    expect(text).toContain('$0.000576')
  })

  it('met no error in the console on the way', () => {
    expect(complaints).toEqual([])
  })
})
