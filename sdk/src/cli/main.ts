#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { budgets } from './budgets.ts'
import { COMMON, type Command, type Values } from './command.ts'
import { exportAll } from './export.ts'
import { CliError, usageError } from './failure.ts'
import { keys } from './keys.ts'
import { login, logout } from './login.ts'
import { Output } from './output.ts'
import { replay, send } from './send.ts'
import { tail } from './tail.ts'

const COMMANDS: Record<string, Command> = { login, logout, tail, send, replay, keys, budgets, export: exportAll }
const INTERRUPTED = 130

const COMMON_HELP = `Of every command:
  --url URL          where AgentOps is (AGENTOPS_URL; http://localhost:8787)
  --org ORG          id or name in addresses (AGENTOPS_ORG)
  --project PROJECT  id (AGENTOPS_PROJECT)
  --json             answers as JSON, one a line
  -h, --help

A key is taken from AGENTOPS_KEY, else from what "agentops login" kept. Exit codes: 0 done, 1 not done, 2 asked wrongly.`

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`)
  return `agentops COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\n${COMMON_HELP}\n`
}

async function main(args: string[]): Promise<void> {
  const [name, ...rest] = args
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name]
  if (command === undefined) {
    if (name === '--help' || name === '-h' || name === 'help') return void process.stdout.write(overview())
    throw usageError(`${name === undefined ? 'Say which command.' : `There is no command "${name}".`}\n\n${overview()}`)
  }
  const { values, positionals } = parsed(command, rest)
  if (values['help'] === true) {
    process.stdout.write(
      `agentops ${name} ${command.usage}\n${command.summary}.\n\n${command.help}\n\n${COMMON_HELP}\n`,
    )
    return
  }
  const out = new Output(values['json'] === true, process.env, process.stdout, process.stderr)
  await command.run({ values, positionals, out, env: process.env })
}

function parsed({ options }: Command, args: string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args, options: { ...COMMON, ...options }, allowPositionals: true })
  } catch (error) {
    throw usageError((error as Error).message)
  }
}

process.on('SIGINT', () => process.exit(INTERRUPTED))
// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

main(process.argv.slice(2)).then(
  // What is left of sockets must not hold the process.
  () => process.stdout.write('', () => process.exit(0)),
  (error: unknown) => {
    const message = error instanceof CliError ? error.message : String(error instanceof Error ? error.stack : error)
    process.stderr.write(`agentops: ${message.trimEnd()}\n`)
    process.exitCode = error instanceof CliError ? error.exitCode : 1
    setImmediate(() => process.exit())
  },
)
