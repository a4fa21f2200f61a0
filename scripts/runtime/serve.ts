import { Miniflare } from 'miniflare'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bundle } from './bundle.ts'
import { runCrons } from './crons.ts'
import { localSecrets, pidFile } from './data-dir.ts'
import { reasonOf } from './errors.ts'
import { migrateAll } from './migrate.ts'
import { CONTROL_ENTRYPOINT, GATE, WORKERD_WRAPPER, localOptions } from './options.ts'
import { guardAgainstOrphan } from './orphan-guard.ts'
import { startRenderer } from './renderer.ts'
import type { Readiness, Runtime, RuntimeOptions } from './runtime.ts'

const LOCAL_VARS = {
  ...{ APP_ENV: 'dev', LOG_LEVEL: 'info', INGEST_JOURNAL: 'always' },
  // Nothing on this machine calls the internet by itself.
  PRICES_URL: process.env['PRICES_URL'] ?? '',
}
const STOP_MS = 10_000
/** Left of the time to stop for ending workerd itself. */
const DISPOSE_MS = 300

/** Serves these bundles on data that this process has locked; `unlock` is called once all has ended. */
export async function serve(
  options: RuntimeOptions & { host: string; log: (line: string) => void },
  bundles: readonly Bundle[],
  unlock: () => void,
): Promise<Runtime> {
  const { host, port, dataDir, log } = options
  let opened = async () => {}
  const renderer = await startRenderer({ host: publicHost(host), port })
  const settings = {
    host,
    port,
    dataDir,
    vars: { ...LOCAL_VARS, ...drawnBy(renderer.url), ...options.vars },
    secrets: localSecrets(dataDir),
    liveReload: options.liveReload ?? false,
    consume: options.consume ?? true,
    onLog: options.onWorkerLog ?? (() => {}),
    onRestart: () => void opened().catch((error: unknown) => log(`after workerd's restart: ${reasonOf(error)}`)),
  }
  const first = localOptions({ ...settings, bundles })
  const guard = guardAgainstOrphan(dataDir)
  const mf = newMiniflare(first.miniflare)
  const end = async () => {
    await renderer.stop()
    await mf.dispose()
    guard.release()
    rmSync(pidFile(dataDir), { force: true })
  }
  try {
    await mf.ready
    const control = controlOf(mf)
    const timer = runCrons(mf, first.crons, log)
    opened = async () => {
      const applied = await migrateAll(mf)
      if (applied > 0) log(`databases: ${applied} migrations applied`)
      await control('/open')
      // At once, so that the sweep sends again what a stop left in the journal.
      await timer.runAll()
    }
    await opened()
    const url = `http://${publicHost(host)}:${port}`
    return {
      url,
      miniflare: mf,
      ready: () => readiness(url),
      scheduled: (cron) => timer.run(cron),
      backlog: async () => (await control('/backlog')).backlog ?? 0,
      async reload(changed) {
        await mf.setOptions(localOptions({ ...settings, bundles: changed }).miniflare)
        await opened()
      },
      async stop(timeoutMs = STOP_MS) {
        timer.stop()
        const drained = await drain(control, timeoutMs - DISPOSE_MS)
        await end()
        unlock()
        return { drained }
      },
    }
  } catch (error) {
    await end().catch(() => {})
    throw error
  }
}

/** One machine, and so one browser, is every region. */
const drawnBy = (url: string) => ({ RENDERER_GLOBAL: url, RENDERER_EU: url, RENDERER_US: url })

/** A host that a browser on this machine can open. */
const publicHost = (host: string) =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host

/** Miniflare ends the process on a signal by itself; the one who started the runtime decides that here. */
function newMiniflare(options: ConstructorParameters<typeof Miniflare>[0]): Miniflare {
  if (process.platform !== 'win32') process.env['MINIFLARE_WORKERD_PATH'] = WORKERD_WRAPPER
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)))
  const mf = new Miniflare(options)
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener)
  }
  return mf
}

interface ControlAnswer {
  state: string
  in_flight: number
  backlog?: number
}
type Control = (path: '/open' | '/close' | '/backlog' | '/') => Promise<ControlAnswer>

function controlOf(mf: Miniflare): Control {
  return async (path) => {
    const url = await mf.unsafeGetDirectURL(GATE, CONTROL_ENTRYPOINT)
    const answer = await fetch(new URL(path, url))
    if (!answer.ok) throw new Error(`the gate answered ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
    return await answer.json<ControlAnswer>()
  }
}

async function readiness(url: string): Promise<Readiness> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(10_000) })
    return { ok: answer.status === 200, status: answer.status, detail: (await answer.text()).slice(0, 500) }
  } catch (error) {
    return { ok: false, status: 0, detail: reasonOf(error) }
  }
}

/** True when nothing was left over: what is, lies in the journal and is applied after the next start. */
async function drain(control: Control, timeoutMs: number): Promise<boolean> {
  const until = Date.now() + timeoutMs
  let quiet = 0
  try {
    await control('/close')
    while (Date.now() < until) {
      const { in_flight, backlog = 0 } = await control('/backlog')
      // The count leaves out messages that a consumer has just taken: ask until they had time to be committed.
      quiet = in_flight === 0 && backlog === 0 ? quiet + 1 : 0
      if (quiet >= 3) return true
      await sleep(Math.min(150, Math.max(0, until - Date.now())))
    }
  } catch {
    // workerd is gone: nothing to wait for.
  }
  return false
}
