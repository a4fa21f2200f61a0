import type { Env } from './env.ts'

const PROBE_MS_MAX = 5000

/** 200 when every store and Worker answers, else 503 that names what failed. */
export async function readyz(env: Env): Promise<Response> {
  const [pipeline, api, web] = await Promise.all([
    within(async () => env.PIPELINE.ready(), 'pipeline'),
    within(async () => answering(await env.API.fetch('http://api/api/healthz'), 'api'), 'api'),
    within(async () => answering(await env.WEB.fetch('http://web/healthz'), 'web'), 'web'),
  ])
  const failed = [...pipeline.failed, ...api.failed, ...web.failed]
  return Response.json(
    { status: failed.length === 0 ? 'ready' : 'not ready', failed },
    { status: failed.length === 0 ? 200 : 503, headers: { 'cache-control': 'no-store' } },
  )
}

interface Result {
  failed: { name: string; detail: string }[]
}

function answering(response: Response, name: string): Result {
  return { failed: response.ok ? [] : [{ name, detail: `answered ${response.status}` }] }
}

async function within(probe: () => Promise<Result>, name: string): Promise<Result> {
  const late = new Promise<Result>((resolve) =>
    setTimeout(() => resolve({ failed: [{ name, detail: `no answer within ${PROBE_MS_MAX} ms` }] }), PROBE_MS_MAX),
  )
  try {
    return await Promise.race([probe(), late])
  } catch {
    return { failed: [{ name, detail: 'does not answer' }] }
  }
}
