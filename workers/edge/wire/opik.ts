import { fromOpik, type OpikItem } from '../../domain/wire/opik.ts'
import { assertAnyTaken, receiptHeaders, refusalsOf, type Taken } from './answer.ts'
import { idInPath, jsonOf, listIn, objectIn } from './json.ts'
import { postWire } from './post.ts'

/** `POST /api/v1/private/traces` and `…/spans`. */
export const postTrace = opik((body) => [{ kind: 'trace', item: objectIn(body) }])
export const postSpan = opik((body) => [{ kind: 'span', item: objectIn(body) }])

/** `POST …/traces/batch` and `…/spans/batch`. */
export const postTraces = opik((body) => listIn(jsonOf(body), 'traces').map((item) => ({ kind: 'trace', item })))
export const postSpans = opik((body) => listIn(jsonOf(body), 'spans').map((item) => ({ kind: 'span', item })))

/** `PATCH …/traces/{id}` and `…/spans/{id}`. */
export const patchTrace = opik((body, request) => [update('trace', body, request)])
export const patchSpan = opik((body, request) => [update('span', body, request)])

/** `PUT …/feedback-scores`. */
export const putScores = (of: 'trace' | 'span') =>
  opik((body) => listIn(jsonOf(body), 'scores').map((item) => ({ kind: 'score', of, item })))

function update(kind: 'trace' | 'span', body: Uint8Array, request: Request): OpikItem {
  return { kind, isUpdate: true, item: { ...objectIn(body), id: idInPath(request) } }
}

function opik(read: (body: Uint8Array, request: Request) => OpikItem[]) {
  return postWire({ client: 'opik', isJoined: true, read: (body, request) => fromOpik(read(body, request)), answer })
}

/** 204 of what was taken whole, as Opik's own server answers. */
function answer(taken: Taken): Response {
  assertAnyTaken(taken)
  const rejected = refusalsOf(taken)
  if (rejected.length === 0) return new Response(null, { status: 204, headers: receiptHeaders(taken) })
  return Response.json({ rejected }, { headers: receiptHeaders(taken) })
}
