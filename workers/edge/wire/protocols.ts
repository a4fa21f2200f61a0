import { isPlainObject } from '../../domain/event-check.ts'
import { fromLangfuse } from '../../domain/wire/langfuse.ts'
import { fromLunary } from '../../domain/wire/lunary.ts'
import { fromOpenAiAgents } from '../../domain/wire/openai-agents.ts'
import { assertAnyTaken, receiptHeaders, refusalsOf, wordOf, type Taken } from './answer.ts'
import { jsonOf, listIn } from './json.ts'
import { postWire } from './post.ts'

/** `POST /api/public/ingestion`: 207, with what became of each event. */
export const postLangfuse = (...args: Parameters<ReturnType<typeof postWire>>) => {
  let batch: unknown[] = []
  return postWire({
    client: 'langfuse',
    isJoined: true,
    read: (body) => fromLangfuse((batch = listIn(jsonOf(body), 'batch'))),
    answer: (taken) => multiStatus(taken, batch),
  })(...args)
}

function multiStatus(taken: Taken, batch: readonly unknown[]): Response {
  const successes: { id: string; status: number }[] = []
  const errors: { id: string; status: number; message: string; error: string }[] = []
  batch.forEach((event, index) => {
    const id = isPlainObject(event) && typeof event.id === 'string' ? event.id : String(index)
    const refusal = taken.refused.get(index)
    if (refusal) errors.push({ id, status: 400, message: wordOf(refusal), error: refusal.code })
    else successes.push({ id, status: 201 })
  })
  return Response.json({ successes, errors }, { status: 207, headers: receiptHeaders(taken) })
}

/** `POST /v1/traces/ingest`, of the OpenAI Agents SDK's exporter. */
export const postOpenAiAgents = postWire({
  client: 'openai-agents',
  isJoined: true,
  read: (body) => fromOpenAiAgents(listIn(jsonOf(body), 'data')),
  answer: (taken) => {
    assertAnyTaken(taken)
    const rejected = refusalsOf(taken)
    if (rejected.length === 0) return new Response(null, { status: 204, headers: receiptHeaders(taken) })
    return Response.json({ rejected }, { headers: receiptHeaders(taken) })
  },
})

/** `POST /v1/runs/ingest`, of Lunary. */
export const postLunary = postWire({
  client: 'lunary',
  isJoined: true,
  read: (body) => fromLunary(listIn(jsonOf(body), 'events')),
  answer: (taken) => {
    assertAnyTaken(taken)
    const results = Array.from({ length: taken.count }, (_, index) => {
      const refusal = taken.refused.get(index)
      return refusal ? { success: false, error: wordOf(refusal) } : { success: true }
    })
    return Response.json({ results }, { headers: receiptHeaders(taken) })
  },
})
