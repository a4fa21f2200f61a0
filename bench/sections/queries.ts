import { call } from '../../test/support/harness.ts'
import { parseRange } from '../../web/src/lib/features/filters/range.ts'
import { loadOverview, type OverviewApi } from '../../web/src/lib/features/overview/load.ts'
import type { TraceSummary } from '../../workers/contract/trace.ts'
import { percentile, type Figure } from '../report.ts'
import { sendMonth } from '../seed/month.ts'
import type { Bench, BenchTenant } from '../support/bench.ts'

const SECTION = 'queries'
const BASE_EVENTS = 1_000_000
const TIMES = 10
const RUNS = 20
const WARM_RUNS = 2
const DAY_MS = 86_400_000
export const VIEWS = ['overview', 'operations', 'product', 'finance', 'governance']

/** How long the dashboard's questions take on a month of 1 M events, and of 10 M. */
export async function queries(bench: Bench): Promise<Figure[]> {
  const month = await sendMonth(bench, BASE_EVENTS)
  try {
    const traceIds = await sampleTraces(month.tenant)
    const figures = await measure(month.tenant, traceIds, BASE_EVENTS, 'all sent through the edge')
    if (bench.quick) return figures
    await month.multiply(TIMES)
    const note = 'a tenth sent, the rest copied in SQL with ids of their own'
    return [...figures, ...(await measure(month.tenant, traceIds, BASE_EVENTS * TIMES, note))]
  } finally {
    await month.end()
  }
}

/** Traces from all over the month. */
async function sampleTraces({ session, projectId }: BenchTenant): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < RUNS + WARM_RUNS; i++) {
    const to = new Date(Date.now() - i * 1.25 * DAY_MS).toISOString()
    const { body } = await call<{ data: TraceSummary[] }>(
      session,
      'GET',
      `/api/v1/projects/${projectId}/traces?limit=1&to=${to}`,
    )
    const id = body.data[0]?.trace_id
    if (id !== undefined) ids.push(id)
  }
  return ids
}

async function measure(tenant: BenchTenant, traceIds: string[], events: number, note: string): Promise<Figure[]> {
  const { session, orgId, projectId } = tenant
  const range = parseRange(new URLSearchParams('range=30d'), Date.now(), 'UTC')
  const from = new Date(Date.now() - 30 * DAY_MS).toISOString()
  const ask = async (path: string) => {
    const { status, body } = await call(session, 'GET', path)
    if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body).slice(0, 300)}`)
  }
  const questions: { name: string; ask: (run: number) => Promise<void>; mostMs?: number }[] = [
    {
      name: 'overview, 30 days, all its questions at once',
      mostMs: 150,
      ask: async () => {
        const answers = loadOverview(overviewApi(tenant), range, { filters: {} }, [projectId], Date.now())
        const settled = await Promise.all(Object.values(answers))
        const failed = settled.find((one) => !one.ok)
        if (failed) throw new Error(`a question of the overview failed: ${JSON.stringify(failed)}`)
      },
    },
    { name: 'traces, first page', ask: () => ask(`/api/v1/projects/${projectId}/traces?limit=50`) },
    {
      name: 'traces, first page of errors',
      ask: () => ask(`/api/v1/projects/${projectId}/traces?limit=50&status=error&from=${from}`),
    },
    {
      name: 'trace detail',
      mostMs: 50,
      ask: (run) => ask(`/api/v1/projects/${projectId}/traces/${traceIds[run % traceIds.length] ?? ''}`),
    },
    { name: 'spend, 30 days by model', ask: () => ask(`/api/v1/orgs/${orgId}/spend?group_by=model&from=${from}`) },
    ...VIEWS.map((view) => ({ name: `${view}, 30 days, all its panels`, ask: () => askView(tenant, view) })),
    { name: 'spend, 30 days by user', ask: () => ask(`/api/v1/orgs/${orgId}/spend?group_by=user&from=${from}`) },
  ]
  const figures: Figure[] = []
  for (const question of questions) {
    const times: number[] = []
    for (let run = 0; run < RUNS + WARM_RUNS; run++) {
      const start = performance.now()
      await question.ask(run)
      if (run >= WARM_RUNS) times.push(performance.now() - start)
    }
    const target =
      question.mostMs === undefined || events < BASE_EVENTS * 5
        ? undefined
        : ({ at: 'most', value: question.mostMs } as const)
    figures.push({
      section: SECTION,
      name: `${question.name}, ${(events / 1e6).toFixed(1)} M events`,
      value: percentile(times, 0.5),
      unit: 'ms',
      target,
      note: `median of ${RUNS}; ${note}`,
    })
  }
  return figures
}

/** Asks for a page as SvelteKit's router does, and waits for its last panel. */
async function askView({ session, orgSlug }: BenchTenant, view: string): Promise<void> {
  const path = `${session.baseUrl}/${orgSlug}/${view}/__data.json?range=30d`
  const answer = await fetch(path, { headers: { cookie: session.cookie } })
  const told = await answer.text()
  if (!answer.ok || told.includes('"problem"')) throw new Error(`${path} answered ${answer.status}, or a panel failed`)
}

/** The dashboard's own questions, asked over HTTP. */
function overviewApi({ session, orgId }: BenchTenant): OverviewApi {
  const read = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await call<T>(session, method, path, body)
    if (answer.status !== 200)
      throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 300)}`)
    return answer.body
  }
  return {
    metrics: (query) => read('POST', `/api/v1/orgs/${orgId}/metrics/query`, query),
    spend: (query) => read('GET', `/api/v1/orgs/${orgId}/spend?${new URLSearchParams(query).toString()}`),
    watermark: (projectId) => read('GET', `/api/v1/projects/${projectId}/watermark`),
  }
}
