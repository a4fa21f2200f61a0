import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { freePort } from '../../scripts/runtime/port.ts'
import { runLoad } from '../load/load.ts'
import { workerdPath } from '../support/workerd.ts'

/** Events a second that bare workerd parses: no Miniflare, no other Worker, the bodies and connections of the burst. */
export async function yardstick(
  port: number,
  job: { seconds: number; connections: number; eventsEach: number },
): Promise<number> {
  const free = await freePort('127.0.0.1', port)
  const workerd = spawn(
    workerdPath(),
    ['serve', inRoot('bench/yardstick/config.capnp'), `--socket-addr=http=127.0.0.1:${free}`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  try {
    const url = `http://127.0.0.1:${free}/`
    await answers(url)
    const result = await runLoad({ ...job, url, key: 'none', firstSerial: 0, expect: 202 })
    return (result.events * 1000) / (result.endedMs - result.startedMs)
  } finally {
    const ended = once(workerd, 'exit')
    workerd.kill('SIGKILL')
    await ended
  }
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const answer = await fetch(url, { method: 'POST', body: '{"events":[]}' }).catch(() => undefined)
    if (answer?.status === 202) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('bare workerd did not start')
}
