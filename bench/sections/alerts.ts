import { call, sendEvents, until, untilApplied } from '../../test/support/harness.ts'
import { ALERT_PRESETS } from '../../workers/contract/alert-presets.ts'
import { Rule } from '../../workers/contract/alert.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import type { Figure } from '../report.ts'
import type { Bench, BenchTenant } from '../support/bench.ts'
import type { Server } from '../support/server-process.ts'

const SECTION = 'alerts'
const HOUR_MS = 3_600_000
/** Five weeks, which is what rules compare with. */
const HOURS = 36 * 24
const HOURS_A_BATCH = 100
const RULES = 10
const EVALUATIONS = 30
const ORGS = 20
const MINUTES_A_MONTH = 30 * 24 * 60
/** Cloudflare, "Pricing": D1 rows read $0.001 a million, Durable Object rows written $1, requests $0.15. */
const USD = { d1_rows_read: 0.001e-6, do_rows_written: 1e-6, do_requests: 0.15e-6 }

type Counts = Record<'edge' | 'pipeline', Record<string, number>>

/** What judging the rules of an organization asks of the platform, and how many organizations one process judges. */
export async function alerts(bench: Bench): Promise<Figure[]> {
  const server = await bench.serve({ front: 'counting' })
  try {
    const tenant = await bench.tenant(server)
    await history(server, tenant)
    const rules = await tenRules(tenant)
    await judged(tenant, rules)
    const used = await usage(server, async () => {
      for (let i = 0; i < EVALUATIONS; i++) await again(tenant, rules)
    })
    const perEvaluation = (name: string) => (used[name] ?? 0) / EVALUATIONS
    const [rows, written] = [perEvaluation('d1_rows_read'), perEvaluation('do_rows_written')]
    const month = MINUTES_A_MONTH * (rows * USD.d1_rows_read + written * USD.do_rows_written + 2 * USD.do_requests)
    return [
      {
        section: SECTION,
        name: 'D1 rows read by an evaluation',
        value: rows,
        unit: '',
        note: `${RULES} rules, five weeks of three workflows`,
      },
      {
        section: SECTION,
        name: 'Durable Object rows written by an evaluation',
        value: written,
        unit: '',
        note: 'with the change of a rule that makes it happen at once',
      },
      {
        section: SECTION,
        name: 'list price of an organization for a month',
        value: month,
        unit: '$',
        note: `judged each minute; reads, rows written and two requests each; allotments ignored`,
      },
      ...(await manyOrganizations(bench, server)),
    ]
  } finally {
    await server.kill()
  }
}

/** Each organization rings by itself, so that many are judged as fast as the machine goes. */
async function manyOrganizations(bench: Bench, server: Server): Promise<Figure[]> {
  const tenants = await Promise.all(Array.from({ length: bench.quick ? ORGS / 4 : ORGS }, () => bench.tenant(server)))
  const ready = await Promise.all(tenants.map(async (tenant) => ({ tenant, rules: await tenRules(tenant) })))
  await Promise.all(ready.map(({ tenant, rules }) => judged(tenant, rules)))
  const start = performance.now()
  await Promise.all(ready.map(({ tenant, rules }) => again(tenant, rules)))
  const seconds = (performance.now() - start) / 1000
  return [
    {
      section: SECTION,
      name: 'organizations judged at once by one process',
      value: ready.length / seconds,
      unit: '/s',
      note: `${ready.length} organizations of ${RULES} rules; deployed, each is an object of its own and judged by itself`,
    },
  ]
}

async function usage(server: Server, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await server.ask<Counts>({ do: 'counts' })
  await work()
  const after = await server.ask<Counts>({ do: 'counts' })
  return Object.fromEntries(
    Object.entries(after.pipeline).map(([name, value]) => [name, value - (before.pipeline[name] ?? 0)]),
  )
}

/** An hour is a few requests of each of three workflows. */
async function history({ url }: Server, tenant: BenchTenant): Promise<void> {
  const now = Date.now()
  for (let first = HOURS; first > 0; first -= HOURS_A_BATCH) {
    const events = Array.from({ length: Math.min(HOURS_A_BATCH, first) }, (_, i) =>
      ['support', 'refund', 'research'].flatMap((workflow) => request(workflow, now - (first - i) * HOUR_MS)),
    ).flat()
    const { receipt_id } = await sendEvents(url, tenant.key, events)
    await untilApplied(tenant.session, receipt_id ?? '')
  }
}

const request = (workflow_id: string, timestamp: number): Partial<EventInput>[] =>
  [1, 2, 3].map((n) => ({
    event_type: 'agent.request.completed',
    timestamp,
    trace_id: `${workflow_id}-${timestamp}-${n}`,
    span_id: 's',
    workflow_id,
    agent_id: 'bot',
    status: 'ok',
    cost_usd: '0.01',
  }))

const path = ({ orgId }: BenchTenant, rest = '') => `/api/v1/orgs/${orgId}/alerts/rules${rest}`

/** One of each preset that watches metrics, and more. */
async function tenRules(tenant: BenchTenant): Promise<string[]> {
  const presets = Object.entries(ALERT_PRESETS).filter(([name]) => name !== 'custom' && name !== 'slo_burn')
  const chosen = [...presets, ...presets].slice(0, RULES)
  const made: string[] = []
  for (const [, { rule }] of chosen)
    made.push(Rule.parse((await call(tenant.session, 'POST', path(tenant), rule)).body).id)
  return made
}

const lastOf = async (tenant: BenchTenant, id: string) =>
  Rule.parse((await call(tenant.session, 'GET', path(tenant, `/${id}`))).body).evaluated_at

const judged = (tenant: BenchTenant, rules: readonly string[]) =>
  until(async () => (await lastOf(tenant, rules.at(-1) ?? '')) ?? undefined, { timeoutMs: 60_000 })

/** A change of a rule has all judged at once. */
async function again(tenant: BenchTenant, rules: readonly string[]): Promise<void> {
  const id = rules.at(-1) ?? ''
  const before = await lastOf(tenant, id)
  await call(tenant.session, 'PATCH', path(tenant, `/${id}`), { for_minutes: 1 })
  await until(async () => ((await lastOf(tenant, id)) === before ? undefined : true), {
    timeoutMs: 60_000,
    everyMs: 20,
  })
}
