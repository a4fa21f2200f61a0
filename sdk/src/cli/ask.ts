import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { usageError } from './failure.ts'

/** Asks on a terminal, without showing what is typed when it is a secret. @throws CliError where there is none. */
export function ask(question: string, isSecret: boolean, instead: string): Promise<string> {
  if (!process.stdin.isTTY) throw usageError(`There is no terminal to ask on: ${instead}.`)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: isSecret ? silent : process.stderr, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => reject(usageError('Cancelled.')))
    lines.once('line', resolve)
  }).finally(() => {
    lines.close()
    if (isSecret) process.stderr.write('\n')
  }) as Promise<string>
}

/** All of standard input, without the line break at its end. */
export async function fromStdin(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8').trim()
}
