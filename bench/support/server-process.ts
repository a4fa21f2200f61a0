import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { inRoot } from '../../scripts/runtime/paths.ts'
import type { Front } from '../counting/bundles.ts'
import type { Tenant } from '../../workers/contract/tenant.ts'

export interface ServerOptions {
  port: number
  dataDir: string
  vars?: Record<string, string>
  withWeb?: boolean
  /** Counts what the edge and the pipeline ask of the platform, or answers the yardstick of the guard. */
  front?: Front
  /** False leaves messages in the queues. */
  consume?: boolean
}

type Request =
  | { do: 'cron'; cron: string }
  | { do: 'backlog' }
  | { do: 'counts' }
  | { do: 'reconcile'; tenant: Tenant }
  | { do: 'sql'; database: string; sql: string }
  | { do: 'objects'; bucket: string }
  | { do: 'stop'; timeoutMs: number }
export type Ask = Request & { id: number }
export type Answer = { id: number; value: unknown } | { id: number; error: string }

/** A running server: the Node process that owns the runtime, and its workerd, in one process group. */
export interface Server {
  url: string
  ask<T>(request: Request): Promise<T>
  /** SIGKILL to the whole group: nothing is flushed, nothing says goodbye. */
  kill(): Promise<void>
  stop(): Promise<void>
}

const PROGRAM = inRoot('bench/support/server.ts')

/** Starts a server of its own and waits until it takes requests. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const child = fork(PROGRAM, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map<number, (answer: Answer) => void>()
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  void exited.then(() => {
    for (const [id, settle] of waiting) settle({ id, error: 'the server has ended' })
  })
  let serial = 0
  const reply = <T>(id: number) =>
    new Promise<T>((resolve, reject) => {
      waiting.set(id, (answer) => ('error' in answer ? reject(new Error(answer.error)) : resolve(answer.value as T)))
    })
  const ask = <T>(request: Request): Promise<T> => {
    const id = ++serial
    const answer = reply<T>(id)
    child.send({ ...request, id } satisfies Ask)
    return answer
  }
  const ready = reply<string>(0)
  child.send(options)
  const url = await ready
  return {
    url,
    ask,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) killGroup(child)
      await exited
    },
    async stop() {
      await ask({ do: 'stop', timeoutMs: 10_000 })
      child.disconnect()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It was gone already.
  }
}
