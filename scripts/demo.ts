import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openAccount, type Account, type DemoProject } from '../examples/fleet/account.ts'
import { delivery } from '../examples/fleet/deliver.ts'
import { sendHistory } from '../examples/fleet/history.ts'
import { trickle } from '../examples/fleet/live.ts'

const EMAIL = 'demo@agentops.local'
/** For a server on this machine only; another one wants a password of its own. */
const LOCAL_PASSWORD = 'acme-demo-password'
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
const CAUGHT_UP_MS_MAX = 60_000

interface Options {
  url: string
  password: string
  days: number
  tracesPerDay: number
  seed: number
  live: boolean
}

function readOptions(): Options {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      url: {
        type: 'string',
        default: process.env['AGENTOPS_URL'] ?? `http://localhost:${process.env['PORT'] ?? '8787'}`,
      },
      password: { type: 'string' },
      days: { type: 'string', default: '30' },
      'traces-per-day': { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      live: { type: 'boolean', default: true },
    },
  })
  const url = new URL(values.url)
  if (values.password === undefined && !LOOPBACK.has(url.hostname))
    throw new Error(`--password is needed for ${url.hostname}: the demo's own password is public`)
  return {
    url: url.origin,
    password: values.password ?? LOCAL_PASSWORD,
    days: wholeNumber('days', values.days, 1, 390),
    tracesPerDay: wholeNumber('traces-per-day', values['traces-per-day'], 1, 1_000_000),
    seed: wholeNumber('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    live: values.live,
  }
}

function wholeNumber(name: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < low || value > high)
    throw new Error(`--${name} must be a whole number from ${low} to ${high}, not "${text}"`)
  return value
}

async function main(): Promise<void> {
  const options = readOptions()
  await findServer(options.url)
  const account: Account = { email: EMAIL, password: options.password, orgName: 'Acme', orgSlug: 'acme' }
  const project = await openAccount(options.url, account)
  console.log(`signed in as ${EMAIL}, password ${options.password}`)
  const to = delivery({ url: options.url, key: project.key })
  const bar = progressBar()
  const { traces } = await sendHistory(to, { ...options, nowMs: Date.now(), onProgress: bar })
  process.stdout.write('\n')
  await untilCaughtUp(options.url, project)
  console.log(`${traces} traces of ${options.days} days are in. Open ${options.url}/${project.orgSlug}`)
  if (options.live) await runLive(to, options)
  await to.close()
}

async function runLive(to: ReturnType<typeof delivery>, options: Options): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
  console.log('live: traces as they happen, Ctrl-C ends it')
  let sent = 0
  await trickle(to, {
    ...options,
    signal: stop.signal,
    onSent(n) {
      sent += n
      if (process.stdout.isTTY) process.stdout.write(`\r${sent} live events sent`)
    },
  })
  console.log(`\nstopped after ${sent} live events`)
}

/** Draws on a terminal at most ten times a second, and one line in ten percent elsewhere. */
function progressBar(): (done: number, of: number, traces: number) => void {
  const startMs = Date.now()
  let drawn = -1
  return (done, of, traces) => {
    const tty = process.stdout.isTTY
    const step = Math.floor((done / of) * (tty ? 200 : 10))
    if (step === drawn) return
    drawn = step
    const seconds = (Date.now() - startMs) / 1000
    const eta = Math.round((seconds / done) * (of - done))
    const filled = Math.round((done / of) * 30)
    const line = `[${'#'.repeat(filled)}${'.'.repeat(30 - filled)}] ${Math.round((done / of) * 100)} %  ${traces} traces  ETA ${eta} s`
    process.stdout.write(tty ? `\r${line}  ` : `${line}\n`)
  }
}

async function findServer(url: string): Promise<void> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  if (answer === undefined)
    throw new Error(`no server answers at ${url}: start one with npm start, or name it with --url`)
  if (!answer.ok) throw new Error(`the server at ${url} is not well: ${(await answer.text()).slice(0, 300)}`)
}

/** Accepted is not yet counted: waits until the project's watermark has nothing left behind it. */
async function untilCaughtUp(url: string, { projectId, key }: DemoProject): Promise<void> {
  const untilMs = Date.now() + CAUGHT_UP_MS_MAX
  while (Date.now() < untilMs) {
    const answer = await fetch(`${url}/api/v1/projects/${projectId}/watermark`, {
      headers: { authorization: `Bearer ${key}` },
    })
    if (!answer.ok) throw new Error(`the watermark answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
    const { events_behind } = await answer.json<{ events_behind: number }>()
    if (events_behind === 0) return
    process.stdout.write(`waiting for ${events_behind} events to be counted${process.stdout.isTTY ? '   \r' : '\n'}`)
    await sleep(1000)
  }
}

main().catch((error: unknown) => {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
})
