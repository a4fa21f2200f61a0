import type { Miniflare } from 'miniflare'
import { cronMatches } from './cron.ts'
import { reasonOf } from './errors.ts'
import type { Crons } from './options.ts'

export interface CronTimer {
  /** Runs one cron of whichever Worker has it, and waits for its end. */
  run(cron: string): Promise<void>
  /** Runs every cron once. */
  runAll(): Promise<void>
  stop(): void
}

/** Fires the Workers' cron triggers as Cloudflare would, one run of each at a time. */
export function runCrons(mf: Miniflare, crons: Crons, log: (line: string) => void): CronTimer {
  const running = new Map<string, Promise<void>>()
  let stopped = false

  const fire = (worker: string, cron: string): Promise<void> => {
    const id = `${worker} ${cron}`
    const current = running.get(id)
    if (current) return current
    const run = invoke(mf, worker, cron).finally(() => running.delete(id))
    running.set(id, run)
    return run
  }
  const all = Object.entries(crons).flatMap(([worker, list]) => list.map((cron) => ({ worker, cron })))
  const safely = async ({ worker, cron }: { worker: string; cron: string }) => {
    if (stopped) return
    await fire(worker, cron).catch(
      (error: unknown) => stopped || log(`cron "${cron}" of ${worker}: ${reasonOf(error)}`),
    )
  }

  const tick = () => {
    const now = new Date()
    for (const each of all) if (cronMatches(each.cron, now)) void safely(each)
    timer = setTimeout(tick, msToNextMinute())
  }
  let timer = setTimeout(tick, msToNextMinute())

  return {
    async run(cron) {
      const found = all.find((each) => each.cron === cron)
      if (!found) throw new Error(`no Worker has the cron "${cron}"`)
      await fire(found.worker, cron)
    },
    async runAll() {
      await Promise.all(all.map(safely))
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

const msToNextMinute = () => 60_000 - (Date.now() % 60_000)

/** A Worker's scheduled handler, which Miniflare's types leave out. */
interface Scheduled {
  scheduled(options: { cron: string; scheduledTime: Date }): Promise<{ outcome: string }>
}

async function invoke(mf: Miniflare, worker: string, cron: string): Promise<void> {
  const fetcher = (await mf.getWorker(worker)) as unknown as Scheduled
  const { outcome } = await fetcher.scheduled({ cron, scheduledTime: new Date() })
  if (outcome !== 'ok') throw new Error(`ended with "${outcome}"`)
}
