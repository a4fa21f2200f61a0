import { Buffer } from './buffer.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeTemplates, serialOf, stamp, type Template } from './bodies.ts'
import { Connection, postHead } from './connection.ts'

/** What the load generator is told over IPC. */
export interface Job {
  url: string
  key: string
  /** Ends after this time, or after so many requests, whichever comes first. */
  seconds?: number
  requests?: number
  connections: number
  eventsEach: number
  /** Requests a second; as fast as answers come when absent. */
  rate?: number
  /** First serial: jobs with other serials send other events. */
  firstSerial: number
  expect: number
}

export interface JobResult {
  startedMs: number
  endedMs: number
  requests: number
  events: number
  /** Ledger entries that the accepted events make. */
  entries: number
  traces: number
  /** Requests that were answered otherwise and sent again, by status; 0 stands for a broken connection. */
  refused: Record<string, number>
  cpuMs: number
  /** Trace ids of one accepted trace in each hundredth request, to look them up. */
  sampleTraceIds: string[]
}

const TEMPLATES = 48
const SAMPLE_EVERY = 100
const RETRY_MS = 50

async function run(job: Job): Promise<JobResult> {
  const url = new URL(job.url)
  const templates = makeTemplates(TEMPLATES, job.eventsEach, Date.now())
  const result: JobResult = {
    startedMs: Date.now(),
    endedMs: 0,
    requests: 0,
    events: 0,
    entries: 0,
    traces: 0,
    refused: {},
    cpuMs: 0,
    sampleTraceIds: [],
  }
  const cpu = process.cpuUsage()
  const endMs = job.seconds === undefined ? Infinity : result.startedMs + job.seconds * 1000
  let issued = 0
  const lane = async () => {
    const sender = senderOf(url, job, templates)
    while (issued < (job.requests ?? Infinity) && Date.now() < endMs) {
      const serial = job.firstSerial + issued++
      await untilDue(job, issued - 1, result.startedMs)
      await sender(serial, result)
    }
  }
  await Promise.all(Array.from({ length: job.connections }, lane))
  result.endedMs = Date.now()
  const { user, system } = process.cpuUsage(cpu)
  result.cpuMs = (user + system) / 1000
  return result
}

/** Holds a request back until its turn comes at the job's rate. */
async function untilDue({ rate }: Job, index: number, startedMs: number): Promise<void> {
  if (rate === undefined) return
  const waitMs = startedMs + (index * 1000) / rate - Date.now()
  if (waitMs > 0) await sleep(waitMs)
}

/** Sends one batch on a connection of its own until it is accepted. */
function senderOf(url: URL, job: Job, templates: Template[]): (serial: number, result: JobResult) => Promise<void> {
  const connection = new Connection(url)
  const heads = templates.map(({ bytes }) =>
    postHead(url, bytes.length, { authorization: `Bearer ${job.key}`, 'content-type': 'application/json' }),
  )
  const space = Buffer.alloc(Math.max(...templates.map(({ bytes }, i) => bytes.length + (heads[i]?.length ?? 0))))
  return async (serial, result) => {
    const index = serial % templates.length
    const template = templates[index]
    const head = heads[index]
    if (template === undefined || head === undefined) return
    head.copy(space)
    stamp(template, serial, space, head.length)
    const request = space.subarray(0, head.length + template.bytes.length)
    for (;;) {
      const answer = await connection.send(request).catch(() => undefined)
      if (answer?.status === job.expect) break
      const status = String(answer?.status ?? 0)
      result.refused[status] = (result.refused[status] ?? 0) + 1
      if (answer && answer.status < 500 && answer.status !== 429)
        throw new Error(`${status}: ${answer.body.toString().slice(0, 300)}`)
      await sleep(answer?.retryAfterSeconds ? answer.retryAfterSeconds * 1000 : RETRY_MS)
    }
    result.requests++
    result.events += template.events
    result.entries += template.entries
    result.traces += template.traces
    if (serial % SAMPLE_EVERY === 0) result.sampleTraceIds.push(serialOf(serial) + (template.traceIds[0] ?? ''))
  }
}

process.once('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.({ result }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  )
})
