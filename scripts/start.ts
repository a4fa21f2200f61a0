import { setTimeout as sleep } from 'node:timers/promises'
import { StartError, reasonOf } from './runtime/errors.ts'
import { startRuntime, type Runtime } from './runtime/runtime.ts'
import { readSettings, type Settings } from './settings.ts'

const READY_MS_MAX = 30_000

async function main(): Promise<void> {
  const settings = readSettings(process.env)
  // Until the runtime is up, a signal has nothing to drain.
  const early = () => process.exit(0)
  process.on('SIGINT', early).on('SIGTERM', early)
  const runtime = await startRuntime({
    port: settings.PORT,
    host: settings.HOST,
    dataDir: settings.DATA_DIR,
    vars: { APP_ENV: settings.APP_ENV, LOG_LEVEL: settings.LOG_LEVEL },
    log: (line) => console.log(line),
    onWorkerLog: ({ level, message }) =>
      level === 'error' || level === 'warn' ? console.error(message) : console.log(message),
  })
  process.off('SIGINT', early).off('SIGTERM', early)
  stopOnSignal(runtime, settings)
  await untilReady(runtime)
  // By name: browsers grant a name, and not an address, what they grant secure sites.
  console.log(`\nAgentOps is ready: ${runtime.url.replace('//127.0.0.1:', '//localhost:')}`)
}

function stopOnSignal(runtime: Runtime, { SHUTDOWN_TIMEOUT }: Settings): void {
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    console.log('stopping: no new requests, the queues drain')
    // Whatever hangs, the process ends in time: accepted batches are in the journal.
    setTimeout(() => process.exit(0), SHUTDOWN_TIMEOUT).unref()
    void runtime.stop(SHUTDOWN_TIMEOUT).then(
      ({ drained }) => {
        console.log(
          drained ? 'stopped' : 'stopped before the queues were empty: the rest is applied after the next start',
        )
        process.exit(0)
      },
      (error: unknown) => {
        console.error(`stopped with an error: ${reasonOf(error)}`)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop)
  endWithParent(() => void runtime.stop(0).finally(() => process.exit(0)))
}

/** npm that is killed cannot tell us: a server that nobody can stop any more would keep the port and the data folder. */
function endWithParent(end: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    end()
  }, 250)
  timer.unref()
}

async function untilReady(runtime: Runtime): Promise<void> {
  const until = Date.now() + READY_MS_MAX
  for (;;) {
    const readiness = await runtime.ready()
    if (readiness.ok) return
    if (Date.now() > until) {
      await runtime.stop(0)
      throw new StartError(
        `not ready after ${READY_MS_MAX / 1000} s: /readyz answered ${readiness.status} ${readiness.detail}`,
      )
    }
    await sleep(100)
  }
}

main().catch((error: unknown) => {
  console.error(`agentops: ${oneLine(error)}`)
  if (process.env['LOG_LEVEL'] === 'debug' && error instanceof Error) console.error(error.cause ?? error)
  process.exit(1)
})

/** A fault that is the reader's to mend is told in one line; a fault of the build comes with what the builder said. */
function oneLine(error: unknown): string {
  return error instanceof StartError
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error)
}
