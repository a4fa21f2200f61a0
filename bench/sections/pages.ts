import type { Page } from 'playwright-core'
import { launchBrowser } from '../../scripts/runtime/browser.ts'
import { alive, signedIn } from '../../test/support/page.ts'
import type { Figure } from '../report.ts'
import { sendMonth } from '../seed/month.ts'
import type { Bench, BenchTenant } from '../support/bench.ts'
import { VIEWS } from './queries.ts'

const SECTION = 'pages'
const BASE_EVENTS = 1_000_000
const TIMES = 10
const RUNS = 3
/** Of a task, what is over this blocks (web.dev/articles/tbt). */
const TASK_MS = 50
/** What the browser tells of interactions at all (Event Timing API). */
const TOLD_MS = 16

/** Runs in the page, before anything of it. */
const NOTE = `
  globalThis.noted = { interactions: [], shift: 0, largestMs: 0 }
  const observe = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, buffered: true, durationThreshold: ${TOLD_MS} })
  observe('event', (one) => one.interactionId && noted.interactions.push({ name: one.name + ' ' + (one.target?.outerHTML ?? '').slice(0, 60), ms: one.duration }))
  observe('layout-shift', (one) => (noted.shift += one.value))
  observe('largest-contentful-paint', (one) => (noted.largestMs = one.startTime))`

/** What a browser notes of itself while a page loads and is used. */
interface Noted {
  interactions: { name: string; ms: number }[]
  shift: number
  largestMs: number
}

/** How the five views load and answer a person's hands, with ten million events stored. */
export async function pages(bench: Bench): Promise<Figure[]> {
  const month = await sendMonth(bench, bench.quick ? BASE_EVENTS / 10 : BASE_EVENTS)
  const browser = await launchBrowser()
  try {
    if (!bench.quick) await month.multiply(TIMES)
    const context = await signedIn(browser, month.tenant.session, { viewport: { width: 1350, height: 940 } })
    await context.addInitScript(NOTE)
    const figures: Figure[] = []
    for (const view of VIEWS) figures.push(...(await measure(await context.newPage(), month.tenant, view)))
    return figures
  } finally {
    await browser.close()
    await month.end()
  }
}

async function measure(page: Page, { session, orgSlug }: BenchTenant, view: string): Promise<Figure[]> {
  const blocked: number[] = []
  const loads: Noted[] = []
  for (let run = 0; run < RUNS; run++) {
    const tasks = await tasksOf(page, async () => {
      await page.goto(`${session.baseUrl}/${orgSlug}/${view}?range=30d`)
      await settled(page)
    })
    blocked.push(tasks.reduce((sum, ms) => sum + Math.max(0, ms - TASK_MS), 0))
    loads.push(await noted(page))
  }
  await use(page)
  const { interactions } = await noted(page)
  const worst = interactions.reduce((most, one) => (one.ms > most.ms ? one : most), { name: 'none told', ms: 0 })
  await page.close()
  const median = (of: number[]) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? null
  const figure = (name: string, value: number | null, unit: string, most: number, note: string): Figure => ({
    section: SECTION,
    name: `${view}, ${name}`,
    value,
    unit,
    target: { at: 'most', value: most },
    note,
  })
  return [
    figure('interaction to next paint', worst.ms, 'ms', 100, `worst of ${interactions.length} told, ${worst.name}`),
    figure('main thread blocked', median(blocked), 'ms', 150, `its own CPU time over ${TASK_MS} ms a task`),
    figure('largest paint', median(loads.map(({ largestMs }) => largestMs)), 'ms', 1200, `median of ${RUNS} loads`),
    figure('layout shift', median(loads.map(({ shift }) => shift)), '', 0.1, `median of ${RUNS} loads`),
  ]
}

async function settled(page: Page): Promise<void> {
  await alive(page)
  // Charts are drawn after their numbers.
  await page.waitForTimeout(1_500)
}

/** What a person does with a view: by pointer and by keyboard, on the page and across it. */
async function use(page: Page): Promise<void> {
  const hover = async (selector: string) => {
    const part = page.locator(selector).first()
    if ((await part.count()) > 0) await part.hover()
  }
  const press = async (selector: string) => {
    const part = page.locator(selector).first()
    if ((await part.count()) > 0) await part.click()
  }
  await press('[data-panel] summary')
  await page.keyboard.press('Escape')
  for (const at of [0, 1]) {
    const sort = page.locator('[data-panel] th button').nth(at)
    if ((await sort.count()) > 0) await sort.click()
  }
  await press('[data-panel] details > summary:has-text("Show as table")')
  await hover('[data-panel] svg')
  await press('[role=search] summary')
  await page.keyboard.press('Escape')
  const palette = page.getByRole('dialog', { name: 'Search and commands' })
  await page.keyboard.press('Control+k')
  await palette.waitFor()
  await page.keyboard.type('traces')
  await page.keyboard.press('Escape')
  await palette.waitFor({ state: 'hidden' })
  await press('[aria-label="Time range"] a')
  await settled(page)
  await page.waitForTimeout(500)
}

/** CPU milliseconds of each task of the page's main thread meanwhile: what else the machine does does not count. */
async function tasksOf(page: Page, work: () => Promise<void>): Promise<number[]> {
  const browser = page.context().browser()
  if (browser === null) throw new Error('the page has no browser of its own')
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] })
  await work()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString('utf8')) as { traceEvents: Traced[] }
  const byThread = new Map<string, number[]>()
  for (const { name, args, pid, tid } of traceEvents) {
    if (name === 'thread_name' && args?.name === 'CrRendererMain') byThread.set(`${pid} ${tid}`, [])
  }
  for (const { name, pid, tid, tdur } of traceEvents) {
    if (name === 'ThreadControllerImpl::RunTask' && tdur !== undefined) byThread.get(`${pid} ${tid}`)?.push(tdur / 1000)
  }
  const sum = (of: number[]) => of.reduce((all, ms) => all + ms, 0)
  return [...byThread.values()].sort((a, b) => sum(b) - sum(a))[0] ?? []
}

interface Traced {
  name: string
  pid: number
  tid: number
  /** CPU time of its thread, in microseconds. */
  tdur?: number
  args?: { name?: string }
}

const noted = (page: Page) => page.evaluate<Noted>('noted')
