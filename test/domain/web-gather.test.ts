import { describe, expect, it, vi } from 'vitest'
import { ApiError, type Api } from '../../web/src/lib/api.ts'
import { gathering } from '../../web/src/lib/gather.ts'
import { MetricsAnswer, QUERIES_MAX } from '../../workers/contract/metrics.ts'

const PATH = '/api/v1/orgs/acme/metrics/query'
const answer = (n: number): MetricsAnswer => ({
  data: [{ count: n }],
  meta: { approximate: false, sampled: false, back_end: 'd1', truncated: false },
})
const problem = {
  type: 'about:blank',
  title: 'No',
  status: 422,
  detail: 'not so',
  instance: 'r',
  code: 'invalid_input',
}

/** An API that answers query n with n, and refuses query 3. */
function server() {
  const post = vi.fn((path: string, _schema: unknown, body: unknown) => {
    if (!path.endsWith('/queries')) return Promise.resolve(answer((body as { n: number }).n))
    const { queries } = body as { queries: { n: number }[] }
    return Promise.resolve({ answers: queries.map(({ n }) => (n === 3 ? { problem } : { answer: answer(n) })) })
  })
  return { post, client: gathering({ post } as unknown as Api) }
}

describe('metrics queries of one turn', () => {
  it('go out together, and each has its own answer', async () => {
    const { post, client } = server()
    const all = await Promise.allSettled([1, 2, 3, 4].map((n) => client.post(PATH, MetricsAnswer, { n })))
    expect(post.mock.calls.map(([path]) => path)).toEqual(['/api/v1/orgs/acme/metrics/queries'])
    expect(all.map((one) => (one.status === 'fulfilled' ? one.value.data[0]?.['count'] : 'refused'))).toEqual([
      1,
      2,
      'refused',
      4,
    ])
    expect(all[2]).toMatchObject({ reason: expect.any(ApiError) as unknown })
  })

  it('are cut into calls of what one may hold', async () => {
    const { post, client } = server()
    const n = QUERIES_MAX + 5
    await Promise.all(Array.from({ length: n }, (_, i) => client.post(PATH, MetricsAnswer, { n: i + 10 })))
    expect(post.mock.calls.map(([, , body]) => (body as { queries: unknown[] }).queries.length)).toEqual([
      QUERIES_MAX,
      5,
    ])
  })

  it('fail together when the call does', async () => {
    const { post, client } = server()
    post.mockRejectedValueOnce(new Error('away'))
    const all = await Promise.allSettled([1, 2].map((n) => client.post(PATH, MetricsAnswer, { n })))
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await client.post(PATH, MetricsAnswer, { n: 7 })).toEqual(answer(7))
  })

  it('are one call of its own when there is one, as is anything else', async () => {
    const { post, client } = server()
    await client.post(PATH, MetricsAnswer, { n: 1 })
    await client.post('/api/v1/orgs/acme/views', MetricsAnswer, { n: 2 })
    expect(post.mock.calls.map(([path]) => path)).toEqual([PATH, '/api/v1/orgs/acme/views'])
  })
})
