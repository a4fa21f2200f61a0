import { buildAll } from '../../scripts/runtime/build.ts'
import { API, EDGE, GATE, PIPELINE } from '../../scripts/runtime/options.ts'
import { startRuntime, type Runtime } from '../../scripts/runtime/runtime.ts'
import { frontedBundles } from '../counting/bundles.ts'
import type { Operations } from '../../workers/pipeline/operations.ts'
import type { Answer, Ask, ServerOptions } from './server-process.ts'

/** The product without its dashboard, as a process that can be killed; told over IPC what to do. */
async function main(options: ServerOptions): Promise<void> {
  const runtime = await startRuntime({
    port: options.port,
    dataDir: options.dataDir,
    vars: { APP_ENV: 'test', LOG_LEVEL: 'warn', ...options.vars },
    withWeb: options.withWeb ?? false,
    consume: options.consume ?? true,
    onWorkerLog: ({ level, message }) => level === 'error' && console.error(message),
  })
  if (options.front)
    await runtime.reload(frontedBundles(await buildAll({ withWeb: options.withWeb ?? false }), options.front))
  process.on('message', (ask: Ask) => {
    answer(runtime, ask).then(
      (value) => tell({ id: ask.id, value }),
      (error: unknown) =>
        tell({ id: ask.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  process.on('disconnect', () => void runtime.stop(0).finally(() => process.exit(0)))
  tell({ id: 0, value: runtime.url })
}

function tell(message: Answer): void {
  process.send?.(message)
}

async function answer(runtime: Runtime, ask: Ask): Promise<unknown> {
  switch (ask.do) {
    case 'cron':
      return runtime.scheduled(ask.cron)
    case 'backlog':
      return runtime.backlog()
    case 'counts':
      return { edge: await countsOf(runtime, EDGE), pipeline: await countsOf(runtime, PIPELINE) }
    case 'reconcile': {
      const gate = await runtime.miniflare.getBindings<{ PIPELINE: Operations }>(GATE)
      return gate.PIPELINE.reconcile(ask.tenant)
    }
    case 'sql': {
      const db = await runtime.miniflare.getD1Database(ask.database, ask.database === 'CONTROL' ? API : PIPELINE)
      const { results } = await db.prepare(ask.sql).all()
      return results
    }
    case 'objects': {
      const bucket = await runtime.miniflare.getR2Bucket(ask.bucket, PIPELINE)
      const names: string[] = []
      for (let cursor: string | undefined; ;) {
        const page = await bucket.list({ cursor })
        names.push(...page.objects.map(({ key }) => key))
        if (!page.truncated) return names
        cursor = page.cursor
      }
    }
    case 'stop':
      return runtime.stop(ask.timeoutMs)
  }
}

async function countsOf(runtime: Runtime, worker: string): Promise<unknown> {
  const fetcher = await runtime.miniflare.getWorker(worker)
  const answer = await fetcher.fetch('http://counts/__counts')
  return answer.json()
}

process.once('message', (options: ServerOptions) => {
  main(options).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
