import { randomBytes } from 'node:crypto'
import { createKey, expectCall } from '../../test/support/harness.ts'
import { Budget } from '../../workers/contract/budget.ts'
import { Connection, postHead } from '../load/connection.ts'
import { Buffer } from '../load/buffer.ts'
import { priceLines } from '../price.ts'
import { percentile, type Figure } from '../report.ts'
import type { Bench, BenchTenant } from '../support/bench.ts'
import type { Server } from '../support/server-process.ts'
import { meter } from './cost.ts'

const SECTION = 'guard'
const PAIRS = 2000
const WARM = 300
const SECONDS = 8
const CONNECTIONS = 32
const COUNTED = 1000
const AGENTS = 5
const BATCH = 20
/** Longer than a settlement waits for its events before the guard books it. */
const BOOKED_MS = 14_000

/** How long agents wait for a decision, how many are made in a second, and what one asks of the platform. */
export async function guard(bench: Bench): Promise<Figure[]> {
  return [...(await speed(bench)), ...(await operations(bench))]
}

async function speed(bench: Bench): Promise<Figure[]> {
  const server = await bench.serve({ front: 'yardstick' })
  try {
    const caller = await callerOf(server, await bench.tenant(server))
    await inTurns(caller, WARM)
    const { bare, oneRow, reserves, settles } = await inTurns(caller, bench.quick ? PAIRS / 4 : PAIRS)
    const load = await underLoad(caller, alone)
    const batched = await underLoad(caller, inBatches)
    const yardsticks = [await underLoad(caller, bareOnly), await underLoad(caller, oneRowOnly)] as const
    return [
      ...spread('one reserve', reserves),
      ...spread('one settle', settles),
      ...spread('yardstick: bare Durable Object, same front', bare),
      ...spread('yardstick: Durable Object that writes one row, same front', oneRow),
      {
        section: SECTION,
        name: 'reserve against the yardstick, medians',
        value: ratioOf(reserves, bare),
        unit: '×',
        note: "in turns on one connection; 10 budgets, 6 of which apply; what is above the next figure is the disk's fsync",
      },
      {
        section: SECTION,
        name: 'reserve against the yardstick that writes one row, medians',
        value: ratioOf(reserves, oneRow),
        unit: '×',
        target: { at: 'most', value: 2 },
        note: 'the bare round trip of an answer that is durable, as a reservation is before it is answered',
      },
      {
        section: SECTION,
        name: 'decisions of one organization',
        value: load.perSecond,
        unit: '/s',
        target: { at: 'least', value: 1000 },
        note: `reserve and settle in turns on ${CONNECTIONS} connections, both counted; load generator on the same machine`,
      },
      ...spread('one call under that load', load.samples),
      {
        section: SECTION,
        name: `decisions of one organization, ${BATCH} in a call`,
        value: batched.perSecond,
        unit: '/s',
        note: `reserve calls of ${BATCH} only, each piece of work counted; otherwise as above`,
      },
      ...(['yardstick: bare calls', 'yardstick: calls that write one row'] as const).map((name, i) => ({
        section: SECTION,
        name: `${name} of one object, same front`,
        value: yardsticks[i]?.perSecond ?? null,
        unit: '/s',
        note: 'the most that this machine does so, under the same load',
      })),
    ]
  } finally {
    await server.kill()
  }
}

function spread(name: string, samples: readonly number[]): Figure[] {
  return ([0.5, 0.95, 0.99] as const).map((q) => ({
    section: SECTION,
    name: `${name}, p${q * 100}`,
    value: percentile(samples, q),
    unit: 'ms',
  }))
}

interface Caller {
  bare(): Promise<void>
  oneRow(): Promise<void>
  reserve(i: number): Promise<string>
  settle(id: string): Promise<void>
  /** Reserves for a batch of works in one call. */
  batch(i: number): Promise<void>
  another(): Caller
}

/** An organization with ten budgets, and an agent's calls with a key of its project. */
async function callerOf(server: Server, tenant: BenchTenant): Promise<Caller> {
  await tenBudgets(tenant)
  const { key } = await createKey(tenant.session, tenant.projectId, ['guard'])
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const another = (): Caller => {
    const connection = new Connection(new URL(server.url))
    const post = async (path: string, body: unknown) => {
      const bytes = Buffer.from(JSON.stringify(body))
      const head = postHead(new URL(path, server.url), bytes.length, headers)
      const answer = await connection.send(Buffer.concat([head, bytes]))
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body.toString()}`)
      return answer.body
    }
    return {
      another,
      async bare() {
        await post('/v1/guard/bare', work(0))
      },
      async oneRow() {
        await post('/v1/guard/bare-row', work(0))
      },
      async reserve(i) {
        const { reservation_id } = JSON.parse((await post('/v1/guard/reserve', work(i))).toString()) as {
          reservation_id: string | null
        }
        if (reservation_id === null) throw new Error('a reservation was refused')
        return reservation_id
      },
      async settle(id) {
        await post('/v1/guard/settle', { reservation_id: id, cost_usd: '0.000001' })
      },
      async batch(i) {
        const answer = await post('/v1/guard/reserve', { reservations: Array.from({ length: BATCH }, () => work(i)) })
        const { reservations } = JSON.parse(answer.toString()) as { reservations: unknown[] }
        if (reservations.length !== BATCH) throw new Error('a batch was refused')
      },
    }
  }
  return another()
}

const work = (i: number) => ({
  estimate_usd: '0.000002',
  agent_id: `bot ${i % AGENTS}`,
  workflow_id: 'support',
  provider: 'openai',
  model: 'gpt-4o',
  user_id: `user ${i % 100}`,
  idempotency_key: randomBytes(9).toString('base64url'),
})

async function tenBudgets({ session, orgId, projectId }: BenchTenant): Promise<void> {
  const scopes = [
    { type: 'org' },
    { type: 'project', id: projectId },
    { type: 'workflow', id: 'support' },
    { type: 'model', id: 'gpt-4o' },
    { type: 'provider', id: 'openai' },
    ...Array.from({ length: AGENTS }, (_, i) => ({ type: 'agent', id: `bot ${i}` })),
  ]
  for (const scope of scopes)
    await expectCall(session, 'POST', `/api/v1/orgs/${orgId}/budgets`, {
      status: 201,
      schema: Budget,
      body: { name: `${scope.type} budget`, scope, period: 'month', limit_usd: '100000', hard: true },
    })
}

/** One call after another, of each kind in turns, so that whatever slows the machine slows them alike. */
async function inTurns(caller: Caller, pairs: number) {
  const bare: number[] = []
  const oneRow: number[] = []
  const reserves: number[] = []
  const settles: number[] = []
  const timed = async <T>(samples: number[], call: () => Promise<T>) => {
    const from = performance.now()
    const answer = await call()
    samples.push(performance.now() - from)
    return answer
  }
  for (let i = 0; i < pairs; i++) {
    await timed(bare, () => caller.bare())
    const id = await timed(reserves, () => caller.reserve(i))
    await timed(oneRow, () => caller.oneRow())
    await timed(settles, () => caller.settle(id))
  }
  return { bare, oneRow, reserves, settles }
}

interface Load {
  perSecond: number
  /** Milliseconds of each call. */
  samples: number[]
}

type Round = (caller: Caller, i: number, timed: <T>(call: () => Promise<T>) => Promise<T>) => Promise<number>

const alone: Round = async (caller, i, timed) => {
  const id = await timed(() => caller.reserve(i))
  await timed(() => caller.settle(id))
  return 2
}

const bareOnly: Round = async (caller, _, timed) => {
  await timed(() => caller.bare())
  return 1
}

const oneRowOnly: Round = async (caller, _, timed) => {
  await timed(() => caller.oneRow())
  return 1
}

const inBatches: Round = async (caller, i, timed) => {
  await timed(() => caller.batch(i))
  return BATCH
}

/** Rounds on all connections at once; each says how many decisions it was. */
async function underLoad(caller: Caller, round: Round): Promise<Load> {
  const samples: number[] = []
  let decisions = 0
  const timed = async <T>(call: () => Promise<T>) => {
    const from = performance.now()
    const answer = await call()
    samples.push(performance.now() - from)
    return answer
  }
  const startMs = performance.now()
  const lane = async (_: unknown, index: number) => {
    const own = caller.another()
    for (let i = index; performance.now() < startMs + SECONDS * 1000; i += CONNECTIONS) {
      const made = await round(own, i, timed)
      decisions += made
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  return { perSecond: (decisions * 1000) / (performance.now() - startMs), samples }
}

function ratioOf(samples: readonly number[], yardstick: readonly number[]): number | null {
  const [own, theirs] = [percentile(samples, 0.5), percentile(yardstick, 0.5)]
  return own === null || theirs === null ? null : own / theirs
}

/** What a reservation that is settled asks of the platform, the entry in the ledger and the merges after it included. */
async function operations(bench: Bench): Promise<Figure[]> {
  const dataDir = await bench.dataDir()
  const server = await bench.serve({ dataDir, front: 'counting' })
  try {
    const caller = await callerOf(server, await bench.tenant(server))
    await caller.settle(await caller.reserve(0))
    const metered = await meter(server, dataDir)
    for (let i = 0; i < COUNTED; i++) await caller.settle(await caller.reserve(i))
    // Until all of it is booked, sent and applied.
    await new Promise((resolve) => setTimeout(resolve, BOOKED_MS))
    const { usage } = await metered.end(COUNTED)
    const lines = priceLines(usage)
    return [
      ...lines
        .filter(({ perEvent }) => perEvent > 0)
        .map(({ item, perEvent, usdPerMillionEvents }) => ({
          section: SECTION,
          name: `${item} per reservation that is settled`,
          value: perEvent,
          unit: '',
          note: `$${usdPerMillionEvents.toFixed(4)} per million`,
        })),
      {
        section: SECTION,
        name: 'list price of a million reservations that are settled',
        value: lines.reduce((sum, line) => sum + line.usdPerMillionEvents, 0),
        unit: '$',
        note: 'one after another; CPU is all of workerd, so an upper bound; allotments ignored',
      },
    ]
  } finally {
    await server.kill()
  }
}
