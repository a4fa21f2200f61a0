import type * as z from 'zod'
import { MetricsAnswers, QUERIES_MAX } from '../../../workers/contract/metrics.ts'
import { ApiError, type Api } from './api.ts'

const ONE = /\/metrics\/query$/

interface Waiting {
  query: unknown
  schema: z.ZodType
  resolve(answer: unknown): void
  reject(error: unknown): void
}

/**
 * The same API, whose metrics queries of one turn of the event loop go out together: a page of panels asks for dozens, and
 * each call costs more than most answers. Each query is still answered, or refused, by itself.
 */
export function gathering(client: Api): Api {
  const turns = new Map<string, Waiting[]>()
  return {
    ...client,
    post(path, schema, body, options) {
      if (!ONE.test(path) || options !== undefined) return client.post(path, schema, body, options)
      return new Promise((resolve, reject) => {
        const one: Waiting = { query: body, schema, resolve: resolve as Waiting['resolve'], reject }
        const turn = turns.get(path)
        if (turn !== undefined) return void turn.push(one)
        turns.set(path, [one])
        setTimeout(() => {
          const all = turns.get(path) ?? []
          turns.delete(path)
          for (let at = 0; at < all.length; at += QUERIES_MAX) void send(client, path, all.slice(at, at + QUERIES_MAX))
        }, 0)
      })
    },
  }
}

async function send(client: Api, path: string, waiting: readonly Waiting[]): Promise<void> {
  try {
    const [only] = waiting
    if (only !== undefined && waiting.length === 1)
      return only.resolve(await client.post(path, only.schema, only.query))
    const { answers } = await client.post(path.replace(ONE, '/metrics/queries'), MetricsAnswers, {
      queries: waiting.map(({ query }) => query),
    })
    waiting.forEach(({ resolve, reject }, at) => {
      const one = answers[at]
      if (one === undefined) reject(new Error('a query of several was not answered'))
      else if ('problem' in one) reject(new ApiError(one.problem))
      else resolve(one.answer)
    })
  } catch (error) {
    for (const { reject } of waiting) reject(error)
  }
}
