import { fork } from 'node:child_process'
import { inRoot } from '../../scripts/runtime/paths.ts'
import type { Job, JobResult } from './generator.ts'

const PROGRAM = inRoot('bench/load/generator.ts')

/** Runs a load job in a process of its own. */
export function runLoad(job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const child = fork(PROGRAM)
    child.once('message', (message: { result: JobResult } | { error: string }) => {
      if ('result' in message) resolve(message.result)
      else reject(new Error(`load generator: ${message.error}`))
    })
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${code} before its result`)))
    child.send(job)
  })
}
