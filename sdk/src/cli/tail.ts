import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveMessage } from '../contract.ts'
import { apiOf, text, type Command } from './command.ts'
import { usageError } from './failure.ts'
import { plain, type Colour, type Output } from './output.ts'
import { connect } from './websocket.ts'

type Events = Extract<LiveMessage, { type: 'events' }>
type LiveEvent = Events['events'][number]

const RECONNECT_MS = 1000
const RECONNECTS_MAX = 20

export const tail: Command = {
  usage: '[--cursor N] [--limit N]',
  summary: 'Show events as they are applied',
  help: `Follows the live feed of a project until it is stopped. With --json, one event a line.

  --cursor N   go on after this cursor, as far back as the feed remembers
  --limit N    stop after so many events`,
  options: { cursor: { type: 'string' }, limit: { type: 'string' } },
  async run(call) {
    const { values, out } = call
    const api = apiOf(call)
    const limit = wholeOf('limit', text(values, 'limit')) ?? Infinity
    let cursor = wholeOf('cursor', text(values, 'cursor'))
    const project = await api.project()
    let seen = 0
    for (let tries = 0; tries < RECONNECTS_MAX; tries++) {
      const query = cursor === undefined ? '' : `?cursor=${cursor}`
      const socket = await connect(`${api.account.url}/api/v1/projects/${project}/live${query}`, api.headers())
      out.note(tries === 0 ? `Following ${project}; stop with Ctrl-C.` : 'Connected again.')
      for await (const received of socket.messages) {
        const message = JSON.parse(received) as LiveMessage
        if (message.type === 'hello' && message.gap) out.note('Events between are not remembered any more.')
        if (message.type === 'events') {
          seen += show(out, message, limit - seen)
          tries = 0
        }
        cursor = message.cursor
        socket.send(JSON.stringify({ type: 'ack', cursor }))
        if (seen >= limit) return socket.close()
      }
      out.note('The feed was closed.')
      await sleep(RECONNECT_MS)
    }
  },
}

/** Returns how many were shown. */
function show(out: Output, { events, omitted }: Events, limit: number): number {
  const shown = events.slice(0, limit)
  for (const event of shown) {
    if (out.isJson) out.json(event)
    else out.line(lineOf(out, event))
  }
  if (omitted > 0) out.note(`… and ${omitted} more of this commit.`)
  return shown.length
}

const STATUS: Record<string, Colour> = { ok: 'green', error: 'red', blocked: 'yellow', cancelled: 'yellow' }

function lineOf(out: Output, event: LiveEvent): string {
  const { timestamp, event_type, trace_id, agent_id, workflow_id, step, model, tool_name, status, error_type } = event
  const { latency_ms, tokens_total, cost_nanousd, unpriced } = event
  const parts = [
    out.colour('dim', new Date(timestamp).toISOString().slice(11, 23)),
    out.colour(STATUS[status ?? ''] ?? 'cyan', event_type.replace('agent.', '').padEnd(17)),
    [agent_id, workflow_id, tool_name ?? step, model].filter((name) => name !== undefined).join(' / '),
    latency_ms === undefined ? '' : `${Math.round(latency_ms)} ms`,
    tokens_total === undefined ? '' : `${tokens_total} tokens`,
    cost_nanousd === undefined ? (unpriced === true ? 'unpriced' : '') : usdOf(cost_nanousd),
    error_type === undefined ? '' : out.colour('red', error_type),
    out.colour('dim', trace_id.slice(0, 16)),
  ]
  return parts
    .map((part, i) => (i === 2 ? plain(part) : part))
    .filter((part) => part !== '')
    .join('  ')
}

/** Nano-dollars as text, digit by digit: no float. */
function usdOf(nano: number): string {
  const digits = String(Math.abs(nano)).padStart(10, '0')
  return `${nano < 0 ? '-' : ''}$${digits.slice(0, -9)}.${digits.slice(-9).replace(/0{1,5}$/, '')}`
}

function wholeOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value)) throw usageError(`--${name} must be a whole number, not "${value}".`)
  return Number(value)
}
