import { watch } from 'node:fs'
import { StartError, reasonOf } from './runtime/errors.ts'
import { buildAll } from './runtime/build.ts'
import { inRoot } from './runtime/paths.ts'
import { startRuntime, type Runtime } from './runtime/runtime.ts'
import { readSettings } from './settings.ts'

/** Sources whose change rebuilds what is made of them. */
const WATCHED = ['workers', 'web/src', 'web/static', 'migrations']
/** Editors write a file in several steps. */
const SETTLE_MS = 80

/** Serves everything as `npm start` does, and takes over each saved change; open pages reload by themselves. */
async function main(): Promise<void> {
  const settings = readSettings(process.env)
  const runtime = await startRuntime({
    port: settings.PORT,
    host: settings.HOST,
    dataDir: settings.DATA_DIR,
    vars: { APP_ENV: settings.APP_ENV, LOG_LEVEL: settings.LOG_LEVEL },
    log: (line) => console.log(line),
    liveReload: true,
    onWorkerLog: ({ message }) => console.log(message),
  })
  console.log(`\nAgentOps for development: ${runtime.url} (watching ${WATCHED.join(', ')})`)
  watchSources(() => rebuild(runtime))
  const stop = () => void runtime.stop(settings.SHUTDOWN_TIMEOUT).finally(() => process.exit(0))
  process.once('SIGINT', stop).once('SIGTERM', stop)
}

async function rebuild(runtime: Runtime): Promise<void> {
  try {
    const bundles = await buildAll({ withWeb: true })
    const changed = bundles.filter((bundle) => !bundle.cached).map((bundle) => bundle.worker)
    await runtime.reload(bundles)
    console.log(changed.length > 0 ? `reloaded: ${changed.join(', ')}` : 'reloaded')
  } catch (error) {
    console.error(reasonOf(error))
  }
}

/** Runs `action` after changes, never twice at a time; what changes meanwhile is taken by one more run. */
function watchSources(action: () => Promise<void>): void {
  let timer: NodeJS.Timeout | undefined
  let running = false
  let again = false
  const run = async () => {
    if (running) {
      again = true
      return
    }
    running = true
    do {
      again = false
      await action()
    } while (again)
    running = false
  }
  for (const folder of WATCHED) {
    try {
      watch(inRoot(folder), { recursive: true }, () => {
        clearTimeout(timer)
        timer = setTimeout(() => void run(), SETTLE_MS)
      })
    } catch (error) {
      console.error(`not watching ${folder}: ${reasonOf(error)}`)
    }
  }
}

main().catch((error: unknown) => {
  console.error(
    `agentops: ${error instanceof StartError ? error.message : error instanceof Error ? (error.stack ?? '') : String(error)}`,
  )
  process.exit(1)
})
