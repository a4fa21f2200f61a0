import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CELLS, type Cell } from '../../../workers/contract/tenant.ts'
import { MetricsQuery, type Kind } from '../../../workers/contract/metrics.ts'
import { makeDeps } from '../../../workers/api/deps.ts'
import type { Env } from '../../../workers/api/env.ts'
import { freshTenant } from '../../support/batches.ts'

const bindings = env as unknown as Env
const deployed: Env = {
  ...bindings,
  APP_ENV: 'production',
  CLOUDFLARE_ACCOUNT_ID: 'account',
  ANALYTICS_TOKEN: 'token',
}
const asked = vi.fn<typeof fetch>(() => Promise.resolve(Response.json({ meta: [], data: [], rows: 0 })))

beforeEach(() => vi.stubGlobal('fetch', asked.mockClear()))
afterEach(() => void vi.unstubAllGlobals())

async function backEnd(from: Env, cell: Cell, kind: Kind = 'request'): Promise<string> {
  const tenant = freshTenant(cell)
  const now = Date.now()
  const query = MetricsQuery.parse({
    kind,
    measures: ['count'],
    from: new Date(now - 7 * 86_400_000).toISOString(),
    to: new Date(now).toISOString(),
  })
  const { meta } = await makeDeps(from, 'https://example.com').metrics.query(tenant, [tenant.project_id], query)
  return meta.back_end
}

describe('charts are read', () => {
  it('from Analytics Engine for the global cell, once deployed and with a token', async () => {
    expect(await backEnd(deployed, 'global')).toBe('analytics_engine')
    expect(asked).toHaveBeenCalledOnce()
    expect(asked.mock.calls[0]?.[1]?.body).toContain(`FROM ${bindings.METRICS_DATASET}\n`)
  })

  it.each(CELLS.filter((cell) => cell !== 'global'))('from D1 for a tenant that is pinned to %s', async (cell) => {
    expect(await backEnd(deployed, cell)).toBe('d1')
    expect(asked).not.toHaveBeenCalled()
  })

  it('from D1 for whole traces, whose sums change later', async () => {
    expect(await backEnd(deployed, 'global', 'trace')).toBe('d1')
    expect(asked).not.toHaveBeenCalled()
  })

  it.each<[string, Partial<Env>]>([
    ['not deployed', { APP_ENV: 'dev' }],
    ['without a token', { ANALYTICS_TOKEN: undefined }],
    ['with an empty token', { ANALYTICS_TOKEN: '' }],
    ['without an account', { CLOUDFLARE_ACCOUNT_ID: '' }],
    ['as tests run', bindings],
  ])('from D1 %s', async (_, settings) => {
    expect(
      await backEnd(
        { ...deployed, ...settings, ...(settings === bindings ? { ANALYTICS_TOKEN: undefined } : {}) },
        'global',
      ),
    ).toBe('d1')
    expect(asked).not.toHaveBeenCalled()
  })
})
