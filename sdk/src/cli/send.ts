import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { IngestAnswer, Receipt } from '../contract.ts'
import { Timers } from '../timers.ts'
import { deliver, pack } from '../transport.ts'
import type { Api } from './api.ts'
import { apiOf, type Call, type Command } from './command.ts'
import { batchesOf, type EventBatch } from './event-files.ts'
import { CliError, usageError } from './failure.ts'

const REQUEST_MS = 30_000
const GIVE_UP_MS = 120_000
const RECEIPT_MS_MAX = 30_000
const SHOWN_MAX = 10

const FILES = `FILE is NDJSON, a JSON array or {"events":[…]}, gzip by the name .gz; "-" is standard input. Batches have an
Idempotency-Key made of their content: what was sent before is not counted again.`

export const send: Command = {
  usage: '[FILE…]',
  summary: 'Send events from files or standard input',
  help: `${FILES} Exit code 1 when events were rejected.`,
  options: {},
  async run(call) {
    const tally = await sendFiles(call, () => Promise.resolve())
    if (call.out.isJson) call.out.json(tally)
    else call.out.line(`${tally.accepted} events accepted in ${tally.batches} batches, ${tally.rejected} rejected.`)
    if (tally.rejected > 0) throw new CliError(`${tally.rejected} events were rejected.`)
  },
}

export const replay: Command = {
  usage: 'FILE…',
  summary: 'Send recorded events again, and say what was counted before',
  help: `${FILES} Follows the receipt of each batch, for which the key needs the scope "read" too.`,
  options: {},
  async run(call) {
    if (call.positionals.length === 0) throw usageError('Say which files to replay.')
    const api = apiOf(call)
    const startMs = Date.now()
    const counted = { new_events: 0, repeated_events: 0, new_ledger_entries: 0, unknown_events: 0 }
    const tally = await sendFiles(call, async (receiptId, events) => {
      const receipt = await applied(api, receiptId)
      const receivedMs = receipt?.received_at == null ? NaN : Date.parse(receipt.received_at)
      if (receipt === null || Number.isNaN(receivedMs)) counted.unknown_events += events
      else if (receivedMs < startMs - CLOCKS_MS) counted.repeated_events += events
      else {
        counted.new_events += events
        for (const { ledger_entries } of receipt.parts) counted.new_ledger_entries += ledger_entries ?? 0
      }
    })
    if (call.out.isJson) call.out.json({ ...tally, ...counted })
    else {
      const { new_events, repeated_events, new_ledger_entries, unknown_events } = counted
      call.out.line(`${tally.accepted} events accepted in ${tally.batches} batches, ${tally.rejected} rejected.`)
      call.out.line(
        `${repeated_events} were counted before; ${new_events} are new, with ${new_ledger_entries} that cost.`,
      )
      if (unknown_events > 0) call.out.line(`Of ${unknown_events} it is not known: their batches are not applied yet.`)
    }
    if (tally.rejected > 0) throw new CliError(`${tally.rejected} events were rejected.`)
  },
}

/** Clocks of two machines differ by less; a batch of the same run is not older than this. */
const CLOCKS_MS = 2000

interface Tally {
  batches: number
  accepted: number
  rejected: number
}

async function sendFiles(call: Call, told: (receiptId: string, events: number) => Promise<void>): Promise<Tally> {
  const { positionals, out } = call
  const api = apiOf(call)
  const tally: Tally = { batches: 0, accepted: 0, rejected: 0 }
  for (const path of positionals.length > 0 ? positionals : ['-']) {
    for await (const batch of batchesOf(path)) {
      const answer = await sendBatch(api, batch)
      tally.batches++
      tally.accepted += answer.accepted
      const rejected = batch.lines.length - answer.accepted
      for (const { index, pointer, detail } of answer.rejected.slice(0, Math.max(0, SHOWN_MAX - tally.rejected)))
        out.note(`${path}, event ${batch.firstEvent + index}: ${pointer === '' ? '' : `${pointer}: `}${detail}`)
      tally.rejected += rejected
      out.progress(`${tally.accepted} events accepted, ${tally.rejected} rejected`)
      if (answer.receipt_id !== null) await told(answer.receipt_id, answer.accepted)
    }
  }
  return tally
}

async function sendBatch(api: Api, { lines }: EventBatch): Promise<IngestAnswer> {
  const { key } = api.account
  if (key === undefined) throw new CliError('Events are sent with a key, not a session: set AGENTOPS_KEY.')
  const text = `${lines.join('\n')}\n`
  const batch = {
    key: `cli-${createHash('sha256').update(text).digest('hex')}`,
    events: lines.length,
    ...(await pack(new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>)),
  }
  const options = { url: api.account.url, key, fetch, timers: HELD, requestMs: REQUEST_MS, giveUpMs: GIVE_UP_MS }
  const delivery = await HELD.during(deliver(options, batch, () => false))
  if (delivery.state !== 'accepted') throw new CliError(delivery.detail)
  return delivery.answer
}

const HELD = new Timers()

/** The receipt once its batch is applied or dead; null when that takes too long. */
async function applied(api: Api, receiptId: string): Promise<Receipt | null> {
  const untilMs = Date.now() + RECEIPT_MS_MAX
  for (;;) {
    const receipt = await api.json<Receipt>('GET', `/api/v1/ingest/receipts/${receiptId}`)
    if (receipt.state === 'applied') return receipt
    if (receipt.state === 'dead' || Date.now() > untilMs) return null
    await sleep(200)
  }
}
